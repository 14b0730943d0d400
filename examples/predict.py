"""Ask a deployed chat model one question, as any client of OpenSearch would.

    python examples/predict.py http://127.0.0.1:9200 MODEL_ID "Hello there"

Standard library only: https://opensearch.org/docs/latest/ml-commons-plugin/api/train-predict/predict/
"""

from __future__ import annotations

import json
import sys
import urllib.request


def main(endpoint: str, model_id: str, question: str) -> None:
    """Send one `_predict` and print what the model says."""
    body = {"parameters": {"messages": [{"role": "user", "content": question}]}}
    request = urllib.request.Request(  # noqa: S310 - the caller names the cluster
        f"{endpoint}/_plugins/_ml/models/{model_id}/_predict",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
        found = json.load(answer)
    output = found["inference_results"][0]["output"][0]["dataAsMap"]
    sys.stdout.write(f"{output['model']}: {output['choices'][0]['message']['content']}\n")


if __name__ == "__main__":
    main(*sys.argv[1:4])

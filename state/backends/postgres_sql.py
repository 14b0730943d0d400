"""The statements of a state in PostgreSQL. `{s}` stands for the quoted schema.

Each write begins with `mine`: the lease row, locked, if it is ours and good. It has a number,
and the lease row knows the last one, so a late twin of a statement does nothing. This module
must not know connections.
"""

# ruff: noqa: S608 - they are put together from each other only, never from a value

from __future__ import annotations

__all__ = [
    "ACQUIRE",
    "APPEND",
    "BEGIN",
    "LEASE",
    "MAKE",
    "READ",
    "RELEASE",
    "RENEW",
    "SAVE",
    "SCHEMA_LOCK",
]

BACKUPS = 10

SCHEMA_LOCK = "select pg_advisory_xact_lock(hashtextextended('flowplan:' || %s, 0))"

MAKE = """
create schema if not exists {s};
create table if not exists {s}.states (
    key text primary key,
    serial bigint not null,
    document bytea not null,
    updated timestamptz not null default clock_timestamp()
);
create table if not exists {s}.backups (
    key text not null,
    serial bigint not null,
    document bytea not null,
    primary key (key, serial)
);
create table if not exists {s}.journal (
    key text not null,
    seq bigserial,
    lines bytea not null,
    primary key (key, seq)
);
create table if not exists {s}.leases (
    key text primary key,
    id text not null,
    holder jsonb not null,
    renewed timestamptz not null,
    ttl double precision not null,
    writes bigint not null default 0
);
"""

_LEASE = "l.holder, extract(epoch from clock_timestamp() - l.renewed)::float8, l.ttl"
_GOOD = "renewed + ttl * interval '1 second' > clock_timestamp()"
_MINE = f"""
with mine as (
    select writes from {{s}}.leases
    where key = %(key)s and id = %(id)s and {_GOOD} for update
)"""
_MARK = """mark as (
    update {s}.leases set writes = %(number)s from ok where key = %(key)s and id = %(id)s
)"""

READ = f"""
select s.document,
    (select string_agg(lines, ''::bytea order by seq) from {{s}}.journal where key = %(key)s),
    {_LEASE}
from (values (1)) as one
left join {{s}}.states s on s.key = %(key)s
left join {{s}}.leases l on l.key = %(key)s
"""

LEASE = f"select {_LEASE} from {{s}}.leases l where l.key = %(key)s"

ACQUIRE = """
insert into {s}.leases as there (key, id, holder, renewed, ttl)
values (%(key)s, %(id)s, %(holder)s::jsonb, clock_timestamp(), %(ttl)s)
on conflict (key) do update
set id = excluded.id, holder = excluded.holder, renewed = clock_timestamp(), ttl = excluded.ttl,
    writes = case when there.id = excluded.id then there.writes else 0 end
where there.id = excluded.id or there.renewed + there.ttl * interval '1 second' <= clock_timestamp()
returning true
"""

RENEW = """
update {s}.leases set renewed = clock_timestamp(), ttl = %(ttl)s
where key = %(key)s and id = %(id)s
returning true
"""

RELEASE = "delete from {s}.leases where key = %(key)s and id = %(id)s"

BEGIN = f"""{_MINE},
ok as (select 1 from mine where writes < %(number)s),
{_MARK},
gone as (delete from {{s}}.journal using ok where key = %(key)s),
put as (insert into {{s}}.journal (key, lines) select %(key)s, %(lines)s::bytea from ok)
select exists (select from mine)
"""

APPEND = f"""{_MINE},
ok as (select 1 from mine where writes < %(number)s),
{_MARK},
put as (insert into {{s}}.journal (key, lines) select %(key)s, %(lines)s::bytea from ok)
select exists (select from mine)
"""

SAVE = f"""{_MINE},
old as (select serial, document from {{s}}.states where key = %(key)s),
ok as (
    select 1 from mine
    where writes < %(number)s and coalesce((select serial from old), 0) = %(expected)s
),
{_MARK},
kept as (
    insert into {{s}}.backups (key, serial, document)
    select %(key)s, old.serial, old.document from old, ok
    on conflict (key, serial) do update set document = excluded.document
),
spare as (
    delete from {{s}}.backups b using ok where b.key = %(key)s and b.serial not in (
        select serial from {{s}}.backups where key = %(key)s
        order by serial desc limit {BACKUPS - 1}
    )
),
put as (
    insert into {{s}}.states as there (key, serial, document)
    select %(key)s, %(serial)s, %(document)s::bytea from ok
    on conflict (key) do update
    set serial = excluded.serial, document = excluded.document, updated = clock_timestamp()
),
gone as (delete from {{s}}.journal using ok where key = %(key)s)
select exists (select from mine),
    exists (select from ok) or coalesce((select writes from mine), 0) >= %(number)s,
    (select serial from old)
"""

"""The embedded servers are shared, survive kills, and end with their last user."""

import asyncio
import os
import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import asyncpg
import pytest
import redis

from app.core.embedded import EmbeddedServers
from tests.ground.conftest import Launch, eventually

USER = """
import sys
from pathlib import Path
from app.core.embedded import EmbeddedServers
servers = EmbeddedServers.start(Path(sys.argv[1]), fsync=False)
print(servers.urls.database, flush=True)
sys.stdin.readline()
servers.stop()
print("left", flush=True)
"""


def start(home: Path) -> EmbeddedServers:
    return EmbeddedServers.start(home, fsync=False)


def ask(servers: EmbeddedServers, *statements: str) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(servers.urls.database)
        try:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])
        finally:
            await connection.close()

    return asyncio.run(run())


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "postmaster.pid").read_text().splitlines()[0])


def valkey(servers: EmbeddedServers) -> "redis.Redis[bytes]":
    assert servers.urls.redis is not None
    return redis.Redis.from_url(servers.urls.redis)


def runs(home: Path) -> bool:
    return (home / "postgres" / "postmaster.pid").exists() or (home / "valkey" / "valkey.sock").exists()


def test_both_servers_answer_and_stop(home: Path) -> None:
    with start(home) as servers:
        assert ask(servers, "select current_database() || lower('É')") == "lychgateé"
        with valkey(servers) as client:
            assert client.ping()
    assert not runs(home)
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_only_what_is_needed_is_started(home: Path) -> None:
    with EmbeddedServers.start(home, need_postgres=False) as servers:
        assert servers.urls.database is None
        assert not (home / "postgres").exists()


def test_data_outlive_a_stop(home: Path) -> None:
    with start(home) as servers:
        ask(servers, "create table kept (n int)", "insert into kept values (7) returning n")
    with start(home) as servers:
        assert ask(servers, "select n from kept") == 7


def test_two_starts_at_once_share_one_server(home: Path, launch: Launch) -> None:
    processes = [launch(USER) for _ in range(3)]
    urls = {process.stdout.readline() for process in processes if process.stdout}
    assert len(urls) == 1
    with start(home) as servers:
        assert ask(servers, "select 1") == 1
        answers = [process.communicate("\n")[0] for process in processes]
        assert answers == ["left\n"] * 3
        assert ask(servers, "select 1") == 1
    assert not runs(home)


def test_threads_of_one_process_may_start_at_once(home: Path) -> None:
    with ThreadPoolExecutor(3) as pool:
        shares = list(pool.map(start, [home] * 3))
    for share in shares:
        assert ask(share, "select 1") == 1
        share.stop()
    assert not runs(home)


def test_a_killed_user_leaves_servers_that_the_next_one_takes_over(home: Path, launch: Launch) -> None:
    process = launch(USER)
    assert process.stdout
    process.stdout.readline()
    before = postmaster(home)
    process.kill()
    process.wait()
    with start(home) as servers:
        assert postmaster(home) == before
        assert ask(servers, "select 1") == 1
    assert not runs(home)


def test_servers_killed_with_their_user_are_repaired(home: Path, launch: Launch) -> None:
    process = launch(USER)
    assert process.stdout
    process.stdout.readline()
    with start(home) as servers, valkey(servers) as client:
        ask(servers, "create table kept (n int)", "insert into kept values (7) returning n")
        valkey_pid = client.info("server")["process_id"]
    for pid in (process.pid, postmaster(home), valkey_pid):
        os.kill(pid, signal.SIGKILL)
    process.wait()
    with start(home) as servers, valkey(servers) as client:
        assert ask(servers, "select n from kept") == 7
        assert client.ping()


def test_a_process_number_that_went_to_somebody_else_is_no_obstacle(home: Path) -> None:
    with start(home):
        recorded = (home / "postgres" / "postmaster.pid").read_text()
    stale = "\n".join([str(os.getpid()), *recorded.splitlines()[1:]])
    (home / "postgres" / "postmaster.pid").write_text(stale)
    with start(home) as servers:
        assert ask(servers, "select 1") == 1


async def test_the_supervisor_restarts_what_dies(home: Path) -> None:
    servers = await asyncio.to_thread(start, home)
    watch = asyncio.create_task(servers.supervise(0.05))
    try:
        with valkey(servers) as client:
            valkey_pid = client.info("server")["process_id"]
        killed = postmaster(home)
        os.kill(killed, signal.SIGKILL)
        os.kill(valkey_pid, signal.SIGKILL)
        assert await asyncio.to_thread(eventually, lambda: answering(servers))
        assert postmaster(home) != killed
    finally:
        watch.cancel()
        await asyncio.gather(watch, return_exceptions=True)
        await asyncio.to_thread(servers.stop)
    assert not runs(home)


def answering(servers: EmbeddedServers) -> bool:
    try:
        with valkey(servers) as client:
            return ask(servers, "select 1") == 1 and bool(client.ping())
    except (OSError, redis.RedisError, asyncpg.PostgresError):
        return False


def test_a_busy_backend_does_not_outlive_its_killed_postmaster(home: Path, launch: Launch) -> None:
    servers = start(home)
    busy = launch(f"""
import asyncio, asyncpg
async def main():
    c = await asyncpg.connect({servers.urls.database!r})
    print("busy", flush=True)
    await c.fetchval("select count(*) from generate_series(1, 100000000000)")
asyncio.run(main())
""")
    assert busy.stdout
    busy.stdout.readline()
    os.kill(postmaster(home), signal.SIGKILL)
    assert eventually(servers.ensure_running)
    assert ask(servers, "select 1") == 1
    servers.stop()
    assert not runs(home)


def test_a_half_made_cluster_is_made_anew(home: Path) -> None:
    (home / "postgres.new").mkdir(parents=True)
    (home / "postgres.new" / "PG_VERSION").write_text("18\n")
    with start(home) as servers:
        assert ask(servers, "select 1") == 1


@pytest.mark.parametrize("depth", [1, 3])
def test_a_deep_home_is_reached_by_a_short_path(home: Path, depth: int) -> None:
    deep = home.joinpath(*["a-long-name-of-a-directory-somewhere-far-below"] * depth)
    with start(deep) as servers:
        assert ask(servers, "select 1") == 1
        with valkey(servers) as client:
            assert client.ping()

"""Frames that are made once for many sockets: what every websocket library takes for a text message."""

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from app.engine.frames import OUTLET, Envelope, Outlet, outlet_of, text_frame

LENGTHS = st.sampled_from((0, 1, 125, 126, 127, 65_535, 65_536, 200_000))


def _text(written: bytes) -> bytes:
    reader = StreamReader()
    reader.feed_data(written)
    reader.feed_eof()
    parsing = Frame.parse(reader.read_exact, mask=False, max_size=None)
    try:
        while True:
            next(parsing)
    except StopIteration as done:
        frame = done.value
    assert (frame.opcode, frame.fin) == (Opcode.TEXT, True)
    return bytes(frame.data)


@given(LENGTHS)
def test_a_frame_is_read_as_the_text_that_it_was_made_of(length: int) -> None:
    assert _text(text_frame(b"x" * length)) == b"x" * length


@given(LENGTHS, st.lists(st.binary(max_size=20), max_size=40))
def test_a_payload_is_framed_behind_every_opening(length: int, openings: list[bytes]) -> None:
    envelope = Envelope(b"x" * length)
    for opening in [*openings, *openings]:
        assert _text(envelope.frame(opening)) == opening + b"x" * length + b"}"


def test_a_server_without_the_extension_is_served_as_usual() -> None:
    assert outlet_of({"type": "websocket"}).write is None
    assert outlet_of({"extensions": None}).write is None
    outlet = Outlet()
    assert outlet_of({"extensions": {OUTLET: outlet}}) is outlet

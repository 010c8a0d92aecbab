"""Frames that are made once for many sockets: what every websocket library takes for a text message."""

from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from app.engine.frames import PUSH, push_of, text_frame

LENGTHS = st.sampled_from((0, 1, 125, 126, 127, 65_535, 65_536, 200_000))


@given(LENGTHS, st.binary(max_size=20), st.binary(max_size=20))
def test_a_frame_is_read_as_the_text_that_it_was_made_of(length: int, before: bytes, after: bytes) -> None:
    reader = StreamReader()
    reader.feed_data(text_frame(before, b"x" * length, after))
    reader.feed_eof()
    parsing = Frame.parse(reader.read_exact, mask=False, max_size=None)
    try:
        while True:
            next(parsing)
    except StopIteration as done:
        frame = done.value
    assert (frame.opcode, frame.fin, bytes(frame.data)) == (Opcode.TEXT, True, before + b"x" * length + after)


def test_a_server_without_the_extension_is_served_as_usual() -> None:
    assert push_of({"type": "websocket"}) is None
    assert push_of({"extensions": None}) is None
    assert push_of({"extensions": {PUSH: bool}}) is bool

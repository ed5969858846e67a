"""A provider on this machine: a real HTTP server that speaks both wire formats and renders real videos, for free.

Any client of Volcengine Ark, BytePlus ModelArk or AceDataCloud can be pointed at it; every key works but `wrong`. It
keeps a clock of its own, `speed` times as fast as ours, in which tasks queue, run, expire and are forgotten.

Magic words in the prompt make it fail, wait or misbehave, so that a client can be tried against all of it. Several may
stand together: `a cat [sim:queue=20] [sim:fail]`.

    Refused at once
    [sim:moderation]         the prompt is taken for harmful
    [sim:privacy]            an image is taken for a real person
    [sim:overdue]            the account's balance is used up
    [sim:quota]              the quota is used up
    [sim:429] [sim:429=3]    too many calls: the first create call with this prompt, or the first three
    [sim:503] [sim:503=3]    service unavailable, likewise
    [sim:500] [sim:500=3]    internal error, likewise; nothing is made
    [sim:drop] [sim:drop=3]  the connection is closed without an answer, likewise; nothing is made
    [sim:html=submit]        refused with a message full of markup and script

    Made, but the answer is lost
    [sim:lost]               the connection is closed without an answer
    [sim:garbage]            200 with a web page instead of JSON
    [sim:noid]               200 with JSON that holds no task id

    How long it takes, in seconds of the simulator's clock
    [sim:queue=20]           waits in the queue
    [sim:run=30]             runs
    [sim:slow]               runs ten times as long as usual
    [sim:stuck]              runs until it expires
    [sim:expire=10]          expires after so long

    How it ends
    [sim:fail]               fails with InternalServiceError; [sim:fail=SomeCode] with that code
    [sim:output-moderation]  fails: the video is taken for harmful
    [sim:html]               fails with a message full of markup and script
    [sim:gone]               the record vanishes when the task would have ended

    Asking for it
    [sim:poll-500=2]         the first two polls get an internal error
    [sim:poll-drop=2]        the first two polls lose their connection

    Fetching the result
    [sim:bad-media]          the link delivers something that is no video
    [sim:short-media]        the connection closes in the middle
    [sim:403-media]          the link is refused as expired

What the simulator makes up, because no source tells: 1 to 3 s in the queue, run times of the catalogue +-15 %, flex
tasks four times as long, a stand-in picture for an image whose address cannot be fetched. A video or sound as an input,
drafts and .mov files are refused with a sentence; the real models take some of these.
"""

from seedance_widgets.simulator.client import simulator_provider
from seedance_widgets.simulator.server import Simulator

__all__ = ["Simulator", "simulator_provider"]

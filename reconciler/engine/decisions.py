"""Every point at which something could be destroyed, exposed, overspent or doubled. The default at each is no."""

from __future__ import annotations

from typing import NamedTuple


class Decision(NamedTuple):
    """One point: the question, what a wrong yes would cost, and the codes by which it says no."""

    question: str
    danger: str
    codes: tuple[str, ...]


DECISIONS = (
    Decision(
        "Is the text whole and readable?",
        "what a file no longer declares would be ended",
        ("D01", "D02", "D04", "D05", "D09", "D10", "D11", "D17"),
    ),
    Decision("Do the manifests agree with one another?", "one object would serve two owners", ("D12", "I12")),
    Decision("Is this commit the one that follows?", "others' work would be taken back", ("D07", "D08")),
    Decision("Did somebody who is trusted sign it?", "whoever can write to the repository would own the fleet", ("G01",)),
    Decision("Is it the host that it was?", "another machine would be written to", ("O02", "F12")),
    Decision("Was the host seen, and seen in full?", "what is out of sight would be made twice", ("O01", "O05", "O06")),
    Decision("Is the list as long as it should be?", "everything would be made again", ("O03", "O04", "O07")),
    Decision("Is what was seen fresh, by clocks that agree?", "something would end by a wrong time", ("O11", "F09")),
    Decision("Can the host write at all?", "a change would be half made", ("F06", "F08")),
    Decision("Is the project ours?", "another environment's containers would be ended", ("D14", "O16")),
    Decision("Does the host isolate what we make?", "a container would be exposed", ("O12",)),
    Decision("Is the host declared?", "a forgotten host would be taken for an empty one", ("F05",)),
    Decision("Does the journal know this fleet?", "a lost journal would be taken for an empty world", ("F10",)),
    Decision("Is the name free?", "somebody else's container would be taken over", ("I01", "I02")),
    Decision(
        "Is it the very instance that was certified?",
        "a copy or a stranger would be changed",
        ("I03", "I04", "I05", "I06", "O13", "O14", "O15"),
    ),
    Decision("Was it left as we left it?", "what came back from a snapshot or a profile would be overwritten", ("I11", "O17", "O18")),
    Decision("Is it settled and idle?", "two operations would meet on one object", ("O08", "O09", "O10", "S06")),
    Decision("Is every earlier call accounted for?", "a call would be made twice", ("P09", "P10")),
    Decision("Is it meant to end?", "a rename or a lost folder would destroy", ("D03", "D06", "F11")),
    Decision("May it be made anew?", "the disk would be lost", ("D13", "D16", "S08")),
    Decision("Is it locked or protected?", "what a person kept would be lost", ("D15", "I10", "S10")),
    Decision("Does it hold what nothing declares?", "snapshots, volumes or frozen memory would be lost", ("S04", "S05", "S07")),
    Decision("Is the cell in use?", "a run would be cut off", ("I07", "I08", "I13")),
    Decision("Does the cell go on with its owner?", "what a run left behind would reach the next one", ("C01", "C02", "C03", "C04")),
    Decision("Is it the owner's own cell?", "one owner would read what another left", ("C05", "C06", "C07", "C08")),
    Decision("Does the claim still stand?", "a program would begin in a cell that is somebody else's by now", ("C12", "C13")),
    Decision("Does the host take runs?", "a host that is to rest, or of which half is known, would get work", ("C40", "C41", "C42")),
    Decision("Is the cell free, ready and as declared?", "a run would meet another's data, or other limits", ("C43", "C44", "C45")),
    Decision("Does the way out stand?", "a run would get out past the rules, or past none", ("C46",)),
    Decision("Is there a pool for the run?", "a run would get a network or a place that it did not ask for", ("C30", "C31", "C32", "C33")),
    Decision("Is it the same request again?", "one answer would be given for another question", ("C18",)),
    Decision("Will the run begin in time?", "a queue that nobody sees would grow", ("C10", "C11")),
    Decision("Is there memory for what the run may say?", "the machine would be filled by the largest runs of many", ("C14",)),
    Decision("Does a file stay in its folder?", "a name would reach outside", ("C20", "C21", "C22", "C23", "C24", "C25")),
    Decision("Is the session's end known?", "a new session would hide a loss", ("I09",)),
    Decision("May its power change?", "what somebody put to rest would wake", ("S01", "S02", "S11")),
    Decision("Is it its turn?", "a bad image would take every member of a service down at once", ("R01", "R02", "R03", "R04")),
    Decision("Is it within the budget?", "one mistake would reach the whole fleet", ("F01",)),
    Decision("Is the fleet healthy enough to act in bulk?", "an outage would be made worse", ("F02", "D18")),
    Decision("Does acting help?", "two programs would fight, or one would fail for ever", ("F03", "F07", "S03")),
    Decision(
        "May what failed be started again?",
        "what is well would be stopped, or what fails would be started for ever",
        ("H01", "H02", "H03"),
    ),
    Decision("Is there room, and an image?", "a host would be overspent", ("S09", "F04", "D20")),
    Decision(
        "Does nothing need the image?",
        "what runs of it, is declared of it or would go back to it could not be made again",
        ("E01", "E02", "E03", "E04", "E05", "E06", "E07"),
    ),
    Decision("Was the container made to be thrown away?", "a container that somebody needs would be ended", ("E08",)),
    Decision("Did the image pass on this very host?", "a bad image would be served", ("E09",)),
    Decision("May it be changed at all, and at this hour?", "what somebody holds still would be changed", ("M01", "M02", "M03")),
    Decision("Does the change spare this program?", "the control plane would end itself", ("D19",)),
    Decision(
        "Is the plan the one that was made?",
        "yesterday's answer would be given to today's world",
        ("P01", "P02", "P03", "P04", "P07", "P08", "P13", "P14"),
    ),
    Decision("Did the world hold still since?", "a change of a moment ago would be lost", ("P11", "P12")),
    Decision("Is there one writer?", "two writers would each undo the other", ("P05", "P06", "P15")),
    Decision("Did a person approve?", "an unattended mistake would destroy", ("A30",)),
    Decision(
        "Is the code the person's own, and fresh?",
        "a code that was seen would be used again",
        ("A20", "A21", "A22", "A23", "A24", "A25", "A26", "A27", "A28", "A29"),
    ),
    Decision("Who asks?", "an unknown caller would act", ("A01", "A02", "A03", "A15", "A16")),
    Decision("Does it belong to who asks?", "a valid key would reach everybody's containers", ("A04", "A05", "A10", "A17", "A18", "A19")),
    Decision("Does the caller live in it, or descend from it?", "an agent would end its own container", ("A06", "A07", "A08", "A09")),
    Decision(
        "May this be asked for by request?", "what git declares would change around it", ("A11", "A12", "A13", "A14", "A31", "A32", "A33")
    ),
    Decision("Does any rule speak in favour?", "an action that nobody thought of would be done", ("A00", "X00")),
)

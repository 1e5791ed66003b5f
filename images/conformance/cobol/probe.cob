identification division.
program-id. probe.
environment division.
input-output section.
file-control.
    select standard-input assign to keyboard organization line sequential.
    select input-file assign to "/tmp/input/input.txt" organization line sequential.
    select artifact assign to "/tmp/artifacts/probe.txt" organization line sequential.
data division.
file section.
fd standard-input.
01 standard-line pic x(80).
fd input-file.
01 input-line pic x(80).
fd artifact.
01 artifact-line pic x(8).
working-storage section.
01 at-end pic 9 value 0.
01 separator pic x value " ".
01 arguments pic 99.
01 word pic x(80).
procedure division.
    display "hello"

    display "stdin=" no advancing
    open input standard-input
    perform until at-end = 1
        read standard-input
            at end
                move 1 to at-end
            not at end
                move standard-line to word
                perform say-word
        end-read
    end-perform
    close standard-input
    perform end-line

    display "file=" no advancing
    open input input-file
    read input-file
    close input-file
    move input-line to word
    perform say-word
    perform end-line

    display "args=" no advancing
    accept arguments from argument-number
    perform arguments times
        accept word from argument-value
        perform say-word
    end-perform
    perform end-line

    display "env=" no advancing
    accept word from environment "UNSANDBOX_PROBE"
    perform say-word
    perform end-line
    display "utf8=Grüße 世界 🚀"
    display "to stderr" upon syserr

    open output artifact
    write artifact-line from "artifact"
    close artifact
    move 7 to return-code
    stop run.

say-word.
    if separator = "|"
        display separator no advancing
    end-if
    display function trim(word) no advancing
    move "|" to separator.

end-line.
    display x"0a" no advancing
    move " " to separator.

"""What services share: run over the image's root while it is built."""

from pyinfra.operations import files

files.directory(name="a place for data", path="/srv/data", mode="750")
files.line(name="a journal that stays small", path="/etc/systemd/journald.conf", line="SystemMaxUse=64M")

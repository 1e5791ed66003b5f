<?php
echo "hello\n";
$numbers = [1, 2;
function {

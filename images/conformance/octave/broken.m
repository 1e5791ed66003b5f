printf ("hello\n");
numbers = [1, 2
if true
  printf ("hello again\n";

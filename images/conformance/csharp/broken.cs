using System;

static class Program
{
    static int Main()
    {
        Console.WriteLine("hello")
        return undeclared;
    }

Imports System

Module Program
    Sub Main()
        Console.WriteLine("hello"
        If True
    End Sub

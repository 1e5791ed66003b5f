Imports System
Imports System.Collections.Generic
Imports System.Linq

Module Program
    Sub Main()
        Dim numbers As New List(Of Integer)
        Dim x = 42
        For n = 1 To 5000
            x = (x * 3877 + 29573) Mod 139968
            numbers.Add(x)
        Next
        numbers.Sort()

        Dim counts As New Dictionary(Of Integer, Integer)
        For Each number In numbers
            counts(number Mod 1000) = counts.GetValueOrDefault(number Mod 1000) + 1
        Next
        Dim most = counts.OrderByDescending(Function(each_) each_.Value).ThenBy(Function(each_) each_.Key).First()

        Dim checksum = 0
        For n = 0 To numbers.Count - 1
            checksum = (checksum + numbers(n) * (n Mod 7)) Mod 1000003
        Next
        Dim total = 0
        For i = 1 To 200000
            total += (i Mod 7) * (i Mod 7) Mod 7
        Next

        Console.WriteLine($"sorted {numbers(0)} {numbers(2500)} {numbers(4999)}")
        Console.WriteLine($"distinct {counts.Count}")
        Console.WriteLine($"most {most.Key} {most.Value}")
        Console.WriteLine($"checksum {checksum}")
        Console.WriteLine($"loop {total}")
    End Sub
End Module

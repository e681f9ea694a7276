namespace Sosia.Cli;

/// <summary>The manuals' short names of x86 exceptions.</summary>
internal static class ExceptionNames
{
    private static readonly string[] Names =
        ["#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9", "#TS", "#NP", "#SS", "#GP", "#PF", "15", "#MF", "#AC", "#MC", "#XM"];

    public static string Of(int vector) => vector < Names.Length ? Names[vector] : $"vector 0x{vector:x}";
}

namespace Sosia.Isa.X86;

/// <summary>The manuals' short names of exceptions (SDM vol. 3, table 6-1).</summary>
public static class ExceptionNames
{
    private static readonly string[] Names =
        ["#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "9", "#TS", "#NP", "#SS", "#GP", "#PF", "15", "#MF", "#AC", "#MC", "#XM"];

    /// <summary>The name of a vector; "vector 0x2e" for those without one.</summary>
    /// <param name="vector">0 to 255.</param>
    public static string Of(int vector) => vector < Names.Length ? Names[vector] : $"vector 0x{vector:x}";
}

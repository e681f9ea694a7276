using System.Collections.Generic;
using System.Linq;
using Sosia.Core;
using Sosia.Theory.X86;

namespace Sosia.Theory;

/// <summary>The ISAs that can be classified.</summary>
public static class IsaRegistry
{
    /// <summary>Their names on the command line, with a description in a few words.</summary>
    public static IReadOnlyList<(string Name, string Description)> Describe() =>
    [
        ("x86-32", "protected mode with 32-bit code and two-level paging"),
        ("x86-64", "64-bit mode with four-level paging"),
    ];

    /// <summary>Creates an ISA.</summary>
    /// <param name="name">One of the names.</param>
    /// <param name="preventsUserInstructions">User-mode instruction prevention (CR4.UMIP) is on in all states.</param>
    /// <exception cref="SosiaException">There is none of this name.</exception>
    public static IClassifiableIsa Create(string name, bool preventsUserInstructions)
        => name switch
        {
            "x86-32" => new X86Isa(32, preventsUserInstructions),
            "x86-64" => new X86Isa(64, preventsUserInstructions),
            _ => throw new SosiaException($"There is no ISA '{name}' to classify; there are {string.Join(" and ", Describe().Select(static i => i.Name))}."),
        };
}

using System;
using System.Collections.Generic;
using System.Linq;

namespace Sosia.Theory.Tests;

/// <summary>The classifications that several tests look at, computed once.</summary>
public sealed class X86Classifications
{
    private readonly Lazy<Classification> _x86;
    private readonly Lazy<Classification> _x64;

    public X86Classifications()
    {
        _x86 = new(() => Compute("x86-32"));
        _x64 = new(() => Compute("x86-64"));
    }

    /// <summary>Every row of an ISA, without UMIP.</summary>
    public Classification Of(string isa) => isa == "x86-32" ? _x86.Value : _x64.Value;

    /// <summary>The rows that are not innocuous without UMIP, with it.</summary>
    public Classification WithUmip(string isa)
    {
        HashSet<int> wanted = [.. Of(isa).Rows.Where(static r => r.Class != InstructionClass.Innocuous).Select(static r => r.Row.Id)];
        using var selected = new SelectedRows(IsaRegistry.Create(isa, preventsUserInstructions: true), r => wanted.Contains(r.Id));
        return Classifier.Classify(selected, new ClassifierOptions());
    }

    private static Classification Compute(string name)
    {
        using IClassifiableIsa isa = IsaRegistry.Create(name, preventsUserInstructions: false);
        return Classifier.Classify(isa, new ClassifierOptions());
    }
}

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;
using Sosia.Control.Inspection;
using Sosia.Engines.Recompiler;
using Sosia.Isa.X86;

namespace Sosia.Control.Lockstep;

/// <summary>Writes down where two engines differ, for people.</summary>
internal static unsafe class DivergenceReport
{
    private const int FollowingInstructions = 6;

    /// <summary>The first processor's instruction pointer.</summary>
    public static ulong RipOf(VirtualMachine vm) => vm.ReadRegister("rip");

    /// <summary>The code at the first processor's instruction pointer.</summary>
    public static string Code(VirtualMachine vm)
    {
        if (vm.Machine.Cpus[0] is not X86Cpu cpu)
        {
            return string.Empty;
        }

        var text = new StringBuilder();
        ulong rip = RipOf(vm);
        for (int i = 0; i < FollowingInstructions; i++)
        {
            text.Append(i == 0 ? "> " : "  ").Append(CodeText.At(vm, cpu, rip, out int byteCount)).Append('\n');
            if (byteCount == 0)
            {
                break;
            }

            rip += (ulong)byteCount;
        }

        return text.ToString();
    }

    /// <summary>Writes the report.</summary>
    /// <param name="options">How the engines were run.</param>
    /// <param name="after">Both machines behind the instruction.</param>
    /// <param name="instruction">Its number.</param>
    /// <param name="isExact">True when it was singled out.</param>
    /// <param name="recompiler">How the recompiler ran when it was found.</param>
    /// <param name="code">The code that begins with it.</param>
    /// <param name="differences">What differs behind it.</param>
    /// <param name="translations">The translations that it is part of.</param>
    public static string Write(LockstepOptions options, MachinePair after, long instruction, bool isExact, RecompilerOptions recompiler, string code, IReadOnlyList<StateDifference> differences, IReadOnlyList<string> translations)
    {
        var text = new StringBuilder();
        string what = isExact ? "differ first after instruction" : "differ after instruction";
        text.Append(CultureInfo.InvariantCulture, $"The engines {options.Reference} and {options.Tested} {what} {instruction}; after {instruction - 1} they are equal.\n");
        if (!isExact)
        {
            text.Append("The instruction itself is not at fault by itself: executed from here alone, both engines do the same. The cause lies before it, in the translation or in what the engine keeps.\n");
        }

        if (isExact && recompiler.MaxBlockInstructions > 1)
        {
            text.Append(CultureInfo.InvariantCulture, $"It takes {recompiler.MaxBlockInstructions} instructions, of which this is the last, translated together; any fewer are right.\n");
        }

        text.Append("\nCode (> is the instruction):\n").Append(code);
        text.Append(CultureInfo.InvariantCulture, $"\nState after it:{string.Empty,-14}{options.Reference,-18}{options.Tested}\n");
        AppendRegisters(text, after);
        AppendOther(text, differences);
        if (translations.Count == 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"\nThere is no translation of it: {options.Tested} interpreted it.\n");
        }

        foreach (string translation in translations)
        {
            text.Append("\nTranslated ").Append(translation);
        }

        AppendParameters(text, options, recompiler);
        return text.ToString();
    }

    private static void AppendRegisters(StringBuilder text, MachinePair after)
    {
        foreach (string name in after.Reference.RegisterNames)
        {
            ulong expected = after.Reference.ReadRegister(name);
            ulong actual = after.Tested.ReadRegister(name);
            text.Append(CultureInfo.InvariantCulture, $"  {name,-26} {expected:x16}  {actual:x16}{(expected == actual ? string.Empty : "  <-- differs")}\n");
        }
    }

    // What is not among the registers just listed.
    private static void AppendOther(StringBuilder text, IReadOnlyList<StateDifference> differences)
    {
        foreach (StateDifference difference in differences.Where(static d => !X86Registers.Names.Contains(d.Field)))
        {
            text.Append(CultureInfo.InvariantCulture, $"  {difference.Part + " " + difference.Field,-26} {difference.Expected,-16}  {difference.Actual}  <-- differs\n");
        }
    }

    private static void AppendParameters(StringBuilder text, LockstepOptions options, RecompilerOptions recompiler)
    {
        Machines.MachineOptions machine = options.Machine;
        text.Append("\nTo repeat it:\n");
        text.Append(CultureInfo.InvariantCulture, $"  machine {machine.Machine}, memory {machine.MemoryByteCount >> 20}M, kernel {machine.Kernel}, initrd {machine.Initrd ?? "none"}, append \"{machine.Append}\"\n");
        text.Append(CultureInfo.InvariantCulture, $"  random seed {machine.RandomSeed ?? 0}, start time {machine.StartTime ?? Machines.MachineOptions.DeterministicStart:u}, compared every {options.Every} instructions\n");
        text.Append(CultureInfo.InvariantCulture, $"  found with translation after {recompiler.WarmExecutions} executions, blocks of at most {recompiler.MaxBlockInstructions} instructions, cache of {recompiler.CacheByteCount >> 20}M\n");
    }
}

using System.Collections.Generic;
using System.Globalization;
using Sosia.Isa.X86.State;

namespace Sosia.Control.Inspection;

/// <summary>What stands where in an x86 processor's state, for host code as text.</summary>
internal static unsafe class StateNames
{
    private static readonly SortedList<long, (string Name, int ByteCount)> Fields = Collect();

    /// <summary>The name of a place.</summary>
    /// <param name="offset">Bytes from the state's beginning.</param>
    /// <returns>"rax", "rip", "save+16"; null when it is none that host code is expected to use.</returns>
    public static string? At(long offset)
    {
        // Fields that can be named in part are those of registers and the save area; there are few of them.
        foreach ((long start, (string name, int byteCount)) in Fields)
        {
            if (offset >= start && offset < start + byteCount)
            {
                return offset == start ? name : string.Create(CultureInfo.InvariantCulture, $"{name}+{offset - start}");
            }
        }

        return null;
    }

    private static SortedList<long, (string Name, int ByteCount)> Collect()
    {
        X86State state = default;
        byte* start = (byte*)&state;
        SortedList<long, (string, int)> fields = [];
        void Add(void* field, string name, int byteCount = 8) => fields[(byte*)field - start] = (name, byteCount);
        for (int i = 0; i < 16; i++)
        {
            Add(&state.Gpr[i], TranslationText.SlotNames[i]);
            Add(&state.Vector[4 * i], string.Create(CultureInfo.InvariantCulture, $"ymm{i}"), 32);
            if (i % 2 == 0)
            {
                Add(&state.X87[i], string.Create(CultureInfo.InvariantCulture, $"x87r{i / 2}"), 16);
            }
        }

        Add(&state.Rip, "rip");
        Add(&state.FlagResult, "flag-result");
        Add(&state.FlagCarries, "flag-carries");
        Add(&state.SystemFlags, "system-flags");
        Add(&state.BlockRip, "block-rip");
        Add(&state.CurrentOp, "current-operation");
        Add(&state.DataTlb, "data-tlb");
        Add(&state.RetiredAtBlock, "retired");
        Add(&state.RetireLimit, "retire-limit");
        Add(&state.JumpCache, "jump-cache");
        Add(&state.JumpCacheGeneration, "jump-cache-generation");
        Add(&state.Fs.Base, "fs-base");
        Add(&state.Gs.Base, "gs-base");
        Add(&state.Cr0, "cr0");
        Add(&state.Cr4, "cr4");
        Add(&state.Mxcsr, "mxcsr", 4);
        Add(&state.Fip, "fip");
        Add(&state.Fdp, "fdp");
        Add(&state.Fop, "fop", 2);
        Add(&state.Fcs, "fcs", 2);
        Add(&state.Fds, "fds", 2);
        Add(&state.Cs.Selector, "cs", 2);
        Add(&state.Ss.Selector, "ss", 2);
        Add(&state.Ds.Selector, "ds", 2);
        Add(state.SaveArea, "save", 64 * 8);
        return fields;
    }
}

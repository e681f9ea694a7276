using System;
using System.Buffers.Binary;
using Sosia.Core.Buses;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;

namespace Sosia.Machines.Boot;

/// <summary>Puts a processor that was just reset into the mode in which a boot protocol enters the kernel.</summary>
internal static unsafe class EntryState
{
    private const ushort CodeSelector = 0x10;
    private const ushort DataSelector = 0x18;
    private const ushort TaskSelector = 0x20;

    private const ushort FlatCode = SegmentRegister.Present | SegmentRegister.CodeOrData | SegmentRegister.Code
        | SegmentRegister.WritableOrReadable | SegmentRegister.Accessed | SegmentRegister.Granularity;

    private const ushort FlatData = SegmentRegister.Present | SegmentRegister.CodeOrData
        | SegmentRegister.WritableOrReadable | SegmentRegister.Accessed | SegmentRegister.Granularity | SegmentRegister.Big;

    private const ushort BusyTask = SegmentRegister.Present | 0xb;

    /// <summary>32-bit protected mode, flat segments (code 0x10, data 0x18), paging and interrupts off.</summary>
    public static void EnterProtected(X86Cpu cpu, MemoryBus memory, uint entry)
    {
        // SAFETY: the state lives as long as the CPU.
        X86State* st = cpu.State;
        LoadSegments(st, memory, FlatCode | SegmentRegister.Big);
        st->Cr0 = ControlBits.Cr0Pe | ControlBits.Cr0Et;
        Finish(cpu, entry);
    }

    /// <summary>64-bit mode with the first 4 GiB mapped one to one in pages of 2 MiB, interrupts off.</summary>
    public static void EnterLong(X86Cpu cpu, MemoryBus memory, ulong entry)
    {
        // SAFETY: the state lives as long as the CPU.
        X86State* st = cpu.State;
        WritePageTables(memory);
        LoadSegments(st, memory, FlatCode | SegmentRegister.Long);
        st->Cr3 = LowMemory.PageTables;
        st->Cr4 = ControlBits.Cr4Pae;
        st->Efer = ControlBits.EferLme | ControlBits.EferLma;
        st->Cr0 = ControlBits.Cr0Pg | ControlBits.Cr0Pe | ControlBits.Cr0Et;
        Finish(cpu, entry);
    }

    /// <summary>Real mode at a segment and offset, with the stack at 0:0x7000.</summary>
    public static void EnterReal(X86Cpu cpu, ushort segment, ushort offset)
    {
        // SAFETY: the state lives as long as the CPU.
        X86State* st = cpu.State;
        st->Cs.Selector = segment;
        st->Cs.Base = (ulong)segment << 4;
        st->Gpr[4] = LowMemory.Stack;
        st->Cr0 = ControlBits.Cr0Et;
        Finish(cpu, offset);
    }

    private static void LoadSegments(X86State* st, MemoryBus memory, int codeAttributes)
    {
        Span<byte> gdt = stackalloc byte[0x30];
        gdt.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(gdt[CodeSelector..], Descriptor(codeAttributes, 0xfffff));
        BinaryPrimitives.WriteUInt64LittleEndian(gdt[DataSelector..], Descriptor(FlatData, 0xfffff));
        BinaryPrimitives.WriteUInt64LittleEndian(gdt[TaskSelector..], Descriptor(BusyTask, 0x67));
        _ = memory.WriteBytes(LowMemory.Gdt, gdt);
        st->GdtrBase = LowMemory.Gdt;
        st->GdtrLimit = 0x2f;
        Load(ref st->Cs, CodeSelector, uint.MaxValue, (ushort)codeAttributes);
        Load(ref st->Ds, DataSelector, uint.MaxValue, FlatData);
        Load(ref st->Es, DataSelector, uint.MaxValue, FlatData);
        Load(ref st->Fs, DataSelector, uint.MaxValue, FlatData);
        Load(ref st->Gs, DataSelector, uint.MaxValue, FlatData);
        Load(ref st->Ss, DataSelector, uint.MaxValue, FlatData);
        Load(ref st->Tr, TaskSelector, 0x67, BusyTask);
    }

    private static void Load(ref SegmentRegister segment, ushort selector, uint limit, ushort attributes)
    {
        segment.Selector = selector;
        segment.Base = 0;
        segment.Limit = limit;
        segment.Attributes = attributes;
        segment.UpdateFastLimits();
    }

    // Base 0; attributes as in SegmentRegister.
    private static ulong Descriptor(int attributes, uint limit)
        => (limit & 0xffff) | ((ulong)(attributes & 0xff) << 40) | ((ulong)(limit >> 16) << 48) | ((ulong)(attributes >> 8) << 52);

    private static void WritePageTables(MemoryBus memory)
    {
        const ulong PresentWritable = 3;
        const ulong Large = 0x80;
        byte[] tables = new byte[6 * 4096];
        Span<byte> all = tables;
        BinaryPrimitives.WriteUInt64LittleEndian(all, (LowMemory.PageTables + 0x1000) | PresentWritable);
        for (int i = 0; i < 4; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(all[(0x1000 + (8 * i))..], (LowMemory.PageTables + 0x2000 + (0x1000 * (ulong)i)) | PresentWritable);
        }

        for (int i = 0; i < 2048; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(all[(0x2000 + (8 * i))..], ((ulong)i << 21) | Large | PresentWritable);
        }

        _ = memory.WriteBytes(LowMemory.PageTables, tables);
    }

    private static void Finish(X86Cpu cpu, ulong entry)
    {
        cpu.State->Rip = entry;
        cpu.State->Gpr[2] = 0;
        cpu.UpdateMode();
        cpu.FlushTlb(keepGlobal: false);
    }
}

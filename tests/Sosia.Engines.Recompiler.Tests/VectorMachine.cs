using System;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Execution;
using Sosia.Core.Memory;
using Sosia.Core.Time;
using Sosia.Isa.X86;
using Sosia.Isa.X86.State;

namespace Sosia.Engines.Recompiler.Tests;

/// <summary>A processor in 64-bit or flat 32-bit code without paging, with an engine and some RAM: code at <see cref="CodeAddress"/>, data behind it.</summary>
internal sealed unsafe class VectorMachine : IDisposable
{
    public const uint CodeAddress = 0x10000;
    public const uint DataAddress = 0x20000;
    public const int RamByteCount = 0x30000;

    private readonly GuestRam _ram = new(RamByteCount);

    public VectorMachine(IEngine engine, int codeBits = 64)
    {
        Engine = engine;
        var log = new DiagnosticLog();
        var memory = new MemoryBus(_ram, log);
        memory.MapRam(0, 0, RamByteCount);
        Cpu = new X86Cpu(0, memory, new PortBus(log), new MachineClock(ClockMode.Deterministic), model: CpuModel.X8664V3);
        Memory = memory;
        X86State* st = State;
        st->Efer = codeBits == 64 ? ControlBits.EferLme | ControlBits.EferLma : 0;
        st->Cr0 = ControlBits.Cr0Et | ControlBits.Cr0Ne | ControlBits.Cr0Pe;
        st->Cr4 = ControlBits.Cr4Osfxsr | ControlBits.Cr4Osxsave;
        st->Xcr0 = 7;
        const ushort Data = SegmentRegister.Present | SegmentRegister.CodeOrData | SegmentRegister.WritableOrReadable | SegmentRegister.Accessed
            | SegmentRegister.Big | SegmentRegister.Granularity;
        Set(ref st->Cs, (codeBits == 64 ? (Data & ~SegmentRegister.Big) | SegmentRegister.Long : Data) | SegmentRegister.Code);
        Set(ref st->Ds, Data);
        Set(ref st->Es, Data);
        Set(ref st->Ss, Data);
        Set(ref st->Fs, Data);
        Set(ref st->Gs, Data);
        Cpu.UpdateMode();
        Cpu.FlushTlb(keepGlobal: false);
    }

    public IEngine Engine { get; }

    public X86Cpu Cpu { get; }

    public MemoryBus Memory { get; }

    public X86State* State => Cpu.State;

    public Span<byte> Ram => new(_ram.HostBase, RamByteCount);

    /// <summary>Puts an instruction and a jump back to it at <see cref="CodeAddress"/>.</summary>
    public void Load(ReadOnlySpan<byte> instruction)
    {
        Span<byte> code = stackalloc byte[32];
        instruction.CopyTo(code);
        code[instruction.Length] = 0xeb;
        code[instruction.Length + 1] = (byte)-(instruction.Length + 2);
        for (int i = 0; i < instruction.Length + 2; i++)
        {
            Memory.Write(CodeAddress + (uint)i, 1, code[i]);
        }
    }

    /// <summary>Executes instruction and jump.</summary>
    public void Step()
    {
        State->Rip = CodeAddress;
        Engine.Run(Cpu, new RunLimits(2));
    }

    public void Dispose()
    {
        Engine.Dispose();
        Cpu.Dispose();
        _ram.Dispose();
    }

    private static void Set(ref SegmentRegister segment, int attributes)
    {
        segment.Base = 0;
        segment.Limit = uint.MaxValue;
        segment.Attributes = (ushort)attributes;
        segment.UpdateFastLimits();
    }
}

using System;
using System.Buffers.Binary;
using Sosia.Core.Buses;
using Sosia.Core.Diagnostics;
using Sosia.Core.Memory;
using Sosia.Core.Time;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Tests;

/// <summary>
/// A CPU with a few MiB of RAM and nothing else, and the simplest engine there is: one decoded instruction at a time through its
/// table row, so that helpers are tested through encoding, lowering and fault delivery.
/// </summary>
public sealed unsafe class TestMachine : IDisposable
{
    private readonly MachineClock _clock = new(ClockMode.Deterministic);
    private readonly Op[] _ops = GC.AllocateArray<Op>(4, pinned: true);

    public TestMachine(ulong ramByteCount = 8 << 20, int index = 0)
    {
        Ram = new GuestRam(ramByteCount);
        var log = new DiagnosticLog();
        Memory = new MemoryBus(Ram, log);
        Memory.MapRam(0, 0, ramByteCount);
        Ports = new PortBus(log);
        Cpu = new X86Cpu(index, Memory, Ports, _clock);
        _clock.AttachCounter(Cpu);
    }

    public GuestRam Ram { get; }

    public MemoryBus Memory { get; }

    public PortBus Ports { get; }

    public X86Cpu Cpu { get; }

    public X86State* State => Cpu.State;

    /// <summary>The fault that the last <see cref="Step"/> raised before it was delivered: vector, or −1.</summary>
    public int FaultVector { get; private set; } = -1;

    public uint FaultErrorCode { get; private set; }

    public void Write(ulong guestPhysical, params byte[] bytes) => Memory.WriteBytes(guestPhysical, bytes);

    public void Write16(ulong guestPhysical, ushort value) => Memory.Write(guestPhysical, 2, value);

    public void Write32(ulong guestPhysical, uint value) => Memory.Write(guestPhysical, 4, value);

    public void Write64(ulong guestPhysical, ulong value) => Memory.Write(guestPhysical, 8, value);

    public ushort Read16(ulong guestPhysical) => (ushort)Memory.Read(guestPhysical, 2);

    public uint Read32(ulong guestPhysical) => (uint)Memory.Read(guestPhysical, 4);

    public ulong Read64(ulong guestPhysical) => Memory.Read(guestPhysical, 8);

    /// <summary>Executes the given bytes as if they stood at CS:RIP, without delivering a fault.</summary>
    /// <returns>True when the instruction completed.</returns>
    public bool Execute(params byte[] code)
    {
        X86State* st = State;
        FaultVector = -1;
        FaultErrorCode = 0;
        if (Decoder.Decode(code, st->CodeBits, out DecodedInstruction instruction) != DecodeStatus.Ok)
        {
            throw new ArgumentException("The test's bytes are no whole instruction.");
        }

        Op* op = (Op*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _ops[2]);
        Lowering.Lower(instruction, op, 0, 0);
        op[1] = default;
        st->Exit = BlockExit.None;
        st->BlockRip = st->Rip;
        st->CurrentOp = op;
        ulong before = st->Rip;
        Op* next = op->Handler(st, op);
        if (st->Exit == BlockExit.Fault)
        {
            st->CurrentOp = null;
            st->Rip = before;
            FaultVector = st->FaultVector;
            FaultErrorCode = st->FaultErrorCode;
            return false;
        }

        if (st->Exit == BlockExit.BeforeInstruction)
        {
            st->CurrentOp = null;
            st->Exit = BlockExit.None;
            st->Rip = before;
            return true;
        }

        bool ends = next == null && st->Exit == BlockExit.None;
        bool rowEnds = instruction.Row is { } row && (row.Flags & RowFlags.EndsBlock) != 0;
        if (!ends && !rowEnds)
        {
            ulong rip = before + (ulong)instruction.Length;
            st->Rip = st->CodeBits == 64 ? rip : st->CodeBits == 32 ? (uint)rip : (ushort)rip;
        }

        st->Exit = BlockExit.None;
        st->CurrentOp = null;
        st->RetiredAtBlock++;
        return true;
    }

    /// <summary>Fetches at CS:RIP, executes one instruction and delivers its fault, after the events of the boundary.</summary>
    public BoundaryAction Step()
    {
        BoundaryAction action = Cpu.ServiceEvents();
        if (action is not (BoundaryAction.Run or BoundaryAction.RunOne))
        {
            return action;
        }

        X86State* st = State;
        ulong linear = st->CodeBits == 64 ? st->Rip : (uint)(st->Cs.Base + st->Rip);
        Span<byte> code = stackalloc byte[15];
        if (!Cpu.TranslateFetch(linear, out ulong guestPhysical))
        {
            FaultVector = st->FaultVector;
            FaultErrorCode = st->FaultErrorCode;
            Cpu.DeliverFault();
            return action;
        }

        Memory.ReadBytes(guestPhysical, code);
        Decoder.Decode(code, st->CodeBits, out DecodedInstruction instruction);
        if (!Execute(code[..instruction.Length].ToArray()))
        {
            Cpu.DeliverFault();
        }

        return action;
    }

    public void Dispose()
    {
        Cpu.Dispose();
        Ram.Dispose();
    }
}

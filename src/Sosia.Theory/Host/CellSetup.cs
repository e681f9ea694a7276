using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Sosia.Host.Linux.Probing;

namespace Sosia.Theory.Host;

/// <summary>Prepares a cell's shared memory: its confinement as a list of system calls, the snippet, and the registers to start it with.</summary>
internal sealed class CellSetup
{
    // Beyond what a snippet takes that ends by itself; the timeout comes first.
    private const ulong CpuSeconds = 30;

    private static readonly int[] ReportedSignals =
    [
        LinuxCall.SignalIllegal, LinuxCall.SignalTrap, LinuxCall.SignalBus, LinuxCall.SignalArithmetic, LinuxCall.SignalSegment, LinuxCall.SignalSystemCall,
    ];

    private readonly CellProgram _program;
    private readonly List<(string What, CellCall Call, bool IsRequired)> _calls = [];
    private readonly byte[] _structures = new byte[CellLayout.SignalStackOffset - CellLayout.StructuresOffset];
    private int _structureBytes;

    public CellSetup(CellProgram program, Snippet snippet)
    {
        _program = program;
        Confine(snippet);
    }

    /// <summary>Which of the calls are the snippet's requests: the index of the first.</summary>
    public int FirstRequest { get; private set; }

    /// <summary>What a call is for, in words.</summary>
    public string Describe(int index) => index < _calls.Count ? _calls[index].What : "its program";

    /// <summary>Writes everything.</summary>
    /// <param name="shared">The shared memory, all zeros.</param>
    /// <param name="snippet">The snippet.</param>
    public void Write(Span<byte> shared, Snippet snippet)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(shared[(CellLayout.ReportOffset + CellLayout.CallCountField)..], (ulong)_calls.Count);
        for (int i = 0; i < _calls.Count; i++)
        {
            CellCall call = _calls[i].Call;
            ReadOnlySpan<ulong> words = [(ulong)call.Number, call.First, call.Second, call.Third, call.Fourth, 0, 0, 0, _calls[i].IsRequired ? 1UL : 0];
            MemoryMarshal.AsBytes(words).CopyTo(shared[(CellLayout.CallsOffset + (i * CellLayout.CallByteCount))..]);
        }

        _structures.CopyTo(shared[CellLayout.StructuresOffset..]);
        WriteEntry(shared[CellLayout.EntryOffset..], snippet.Registers);
        shared.Slice(CellLayout.CodeOffset, CellLayout.CodeByteCount).Fill(CellLayout.Fill);
        snippet.Code.CopyTo(shared[(CellLayout.CodeOffset + (int)(CellLayout.Code & 0xfff))..]);
        snippet.Data.CopyTo(shared.Slice(CellLayout.DataOffset, CellLayout.DataByteCount));
    }

    private static void WriteEntry(Span<byte> at, CellRegisters registers)
    {
        int offset = 0;
        foreach (int segment in (ReadOnlySpan<int>)[3, 0, 4, 5])
        {
            Put(at, ref offset, registers.Segments[segment]);
        }

        for (int register = 15; register >= 0; register--)
        {
            if (register != 4)
            {
                Put(at, ref offset, registers.General[register]);
            }
        }

        Put(at, ref offset, registers.Rip);
        Put(at, ref offset, registers.Segments[1]);
        Put(at, ref offset, registers.Rflags);
        Put(at, ref offset, registers.General[4]);
        Put(at, ref offset, registers.Segments[2]);
    }

    private static void Put(Span<byte> at, ref int offset, ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(at[offset..], value);
        offset += 8;
    }

    private void Confine(Snippet snippet)
    {
        // Belt and braces: without the right to make a system call a descriptor is of no use.
        Add("close_range", new CellCall(LinuxCall.CloseRange, 0, uint.MaxValue), isRequired: false);
        Add("an executable page (mprotect)", new CellCall(LinuxCall.Mprotect, CellLayout.Shared + CellLayout.CodeOffset, CellLayout.CodeByteCount, LinuxCall.ProtRead | LinuxCall.ProtExec));
        Add("a signal stack (sigaltstack)", new CellCall(LinuxCall.Sigaltstack, Structure(CellLayout.Shared + CellLayout.SignalStackOffset, LinuxCall.AutoDisarm, CellLayout.SignalStackByteCount)));
        foreach (int signal in ReportedSignals)
        {
            // All signals are blocked in the handler: one that cannot wait ends the process. The handler never returns.
            ulong action = Structure(_program.HandlerAddress, LinuxCall.HandlerFlags, _program.ExitReturnAddress, ulong.MaxValue);
            Add("a signal handler (rt_sigaction)", new CellCall(LinuxCall.RtSigaction, (ulong)signal, action, 0, 8));
        }

        Add("the parent's death signal (prctl)", new CellCall(LinuxCall.Prctl, LinuxCall.SetParentDeathSignal, LinuxCall.SignalKill));
        Limit(LinuxCall.LimitCpuSeconds, CpuSeconds);
        Limit(LinuxCall.LimitFileBytes, 0);
        Limit(LinuxCall.LimitCoreBytes, 0);
        Limit(LinuxCall.LimitDescriptors, 0);
        FirstRequest = _calls.Count;
        foreach (CellCall request in snippet.Requests)
        {
            Add("a request", request, isRequired: false);
        }

        Add("no dumps (prctl)", new CellCall(LinuxCall.Prctl, LinuxCall.SetDumpable, 0));
        Add("no new privileges (prctl)", new CellCall(LinuxCall.Prctl, LinuxCall.SetNoNewPrivileges, 1));
        byte[] filter = SystemCallFilter.Build(LinuxCall.ExitGroup, _program.ExitReturnAddress);
        ulong instructions = Structure(filter);
        ulong filterProgram = Structure((ulong)(filter.Length / SystemCallFilter.InstructionByteCount), instructions);
        Add("a system call filter (seccomp)", new CellCall(LinuxCall.Prctl, LinuxCall.SetSeccomp, LinuxCall.SeccompFilter, filterProgram));
    }

    private void Limit(int resource, ulong value)
        => Add("a resource limit (setrlimit)", new CellCall(LinuxCall.Setrlimit, (ulong)resource, Structure(value, value)));

    private void Add(string what, CellCall call, bool isRequired = true)
    {
        if (_calls.Count == CellLayout.MaxCalls)
        {
            throw new ArgumentException($"A cell makes at most {CellLayout.MaxCalls} system calls before it confines itself.");
        }

        _calls.Add((what, call, isRequired));
    }

    // Returns its address in the cell.
    private ulong Structure(params ReadOnlySpan<ulong> words) => Structure(MemoryMarshal.AsBytes(words));

    private ulong Structure(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(_structures.AsSpan(_structureBytes));
        ulong address = CellLayout.Shared + CellLayout.StructuresOffset + (ulong)_structureBytes;
        _structureBytes += (bytes.Length + 15) & ~15;
        return address;
    }
}

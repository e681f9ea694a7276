using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.Tests.Oracle;
using Xunit;

namespace Sosia.Isa.X86.Tests.Integer;

/// <summary>
/// Near control transfers against the host CPU: behind the branch stands a store that the taken branch skips, so that memory tells which
/// way the host went.
/// </summary>
public sealed unsafe class BranchOracleTests : IDisposable
{
    private const int Rcx = 1;
    private const int Rsp = 4;
    private const int StatesPerRow = 80;
    private const int MarkerOffset = 0;
    private const int PointerOffset = 0x100;

    private readonly NativeOracle _native = new();
    private readonly EmulatedCpu _cpu;
    private readonly Random _random = new(4711);

    public BranchOracleTests()
    {
        _cpu = new EmulatedCpu(_native.ScratchAddress, NativeOracle.ScratchBytes);
    }

    [HostCpuTheory]
    [MemberData(nameof(NativeOracle.CodeWidths), MemberType = typeof(NativeOracle))]
    public void Near_branches_go_where_the_host_cpu_goes(int codeBits)
    {
        _cpu.SetMode(codeBits);
        var differences = new List<string>();
        int taken = 0;
        int notTaken = 0;
        foreach (InstructionRow row in InstructionTable.Rows.Where(r => r.Family == "near" && (r.Flags & RowFlags.EndsBlock) != 0))
        {
            for (int i = 0; i < StatesPerRow; i++)
            {
                bool fellThrough = RunOne(row, codeBits, differences);
                taken += fellThrough ? 0 : 1;
                notTaken += fellThrough ? 1 : 0;
            }
        }

        Assert.True(differences.Count == 0, string.Join('\n', differences.Take(10)));
        Assert.True(taken > 1000 && notTaken > 1000);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _cpu.Dispose();
        _native.Dispose();
    }

    private bool RunOne(InstructionRow row, int codeBits, List<string> differences)
    {
        uint address = _native.InstructionAddress(codeBits);
        int scratch = (int)_native.ScratchAddress;
        byte[] marker = codeBits == 64
            ? new CodeBytes().Add(0xc6, 0x04, 0x25).Add32((uint)scratch + MarkerOffset).Add(1).ToArray()
            : new CodeBytes().Add(0xc6, 0x05).Add32((uint)scratch + MarkerOffset).Add(1).ToArray();
        OracleState before = default;
        before.ResetFx();
        for (int i = 0; i < 16; i++)
        {
            ulong value = (ulong)_random.NextInt64();
            before.Gpr[i] = codeBits == 64 ? value : (uint)value;
        }

        before.Gpr[Rcx] = (ulong)_random.Next(3);
        before.Gpr[Rsp] = (uint)scratch + (NativeOracle.ScratchBytes / 2);
        before.Rflags = ((ulong)_random.Next() & 0x8d5) | 0x202;
        byte[] memory = new byte[NativeOracle.ScratchBytes];
        byte[] branch = Encode(row, codeBits, marker.Length, (uint)scratch + PointerOffset, out int pointerRegister);
        ulong target = address + (ulong)(branch.Length + marker.Length);
        BitConverter.TryWriteBytes(memory.AsSpan(PointerOffset), target);
        BitConverter.TryWriteBytes(memory.AsSpan(NativeOracle.ScratchBytes / 2), target);
        if (pointerRegister >= 0)
        {
            before.Gpr[pointerRegister] = target;
        }

        memory.CopyTo(_cpu.Ram);
        _cpu.Load(&before);
        BlockExit exit = _cpu.Run(branch, codeBits, address);
        OracleState after = before;
        _cpu.Store(&after);
        bool fellThrough = _cpu.State->Rip == address + (ulong)branch.Length;
        if (fellThrough)
        {
            _cpu.Ram[MarkerOffset] = 1;
        }

        memory.CopyTo(_native.Scratch);
        *_native.State = before;
        _native.Run([.. branch, .. marker], codeBits);
        ulong mask = codeBits == 64 ? ulong.MaxValue : uint.MaxValue;
        bool same = exit == BlockExit.None && (fellThrough || _cpu.State->Rip == target)
            && _cpu.Ram.SequenceEqual(_native.Scratch) && ((after.Rflags ^ _native.State->Rflags) & 0x8d5) == 0;
        for (int i = 0; i < (codeBits == 64 ? 16 : 8); i++)
        {
            same &= ((after.Gpr[i] ^ _native.State->Gpr[i]) & mask) == 0;
        }

        if (!same)
        {
            differences.Add(string.Create(CultureInfo.InvariantCulture, $"[{row}] {Convert.ToHexString(branch)} ({codeBits}-bit): exit {exit}, fell through: {fellThrough}, natively {_native.Scratch[MarkerOffset] == 1}, rip {_cpu.State->Rip:x}, rcx {before.Gpr[Rcx]:x}, flags {before.Rflags:x}"));
        }

        return fellThrough;
    }

    // The branch leads over the marker: by its displacement, a register, memory or the top of the stack.
    private byte[] Encode(InstructionRow row, int codeBits, int skip, uint pointer, out int pointerRegister)
    {
        pointerRegister = -1;
        var code = new CodeBytes();
        Encoding encoding = row.Encoding;
        bool isCounted = encoding.Map == 0 && encoding.Opcode is >= 0xe0 and <= 0xe3;
        if (isCounted && codeBits == 64 && _random.Next(3) == 0)
        {
            code.Add(0x67);
        }

        if (encoding.Map == 1)
        {
            code.Add(0x0f);
        }

        code.Add(encoding.Opcode);
        if (encoding.RegDigit >= 0)
        {
            if (_random.Next(2) == 0)
            {
                pointerRegister = _random.Next(4) switch { 0 => 0, 1 => 3, 2 => 6, _ => 7 };
                code.Add((byte)(0xc0 | (encoding.RegDigit << 3) | pointerRegister));
            }
            else if (codeBits == 64)
            {
                code.Add((byte)((encoding.RegDigit << 3) | 4), 0x25).Add32(pointer);
            }
            else
            {
                code.Add((byte)((encoding.RegDigit << 3) | 5)).Add32(pointer);
            }
        }

        foreach (OperandSpec operand in row.Operands)
        {
            switch (operand.Text)
            {
                case "Jb": code.Add((byte)skip); break;
                case "Jz": code.Add32((uint)skip); break;
                case "Iw": code.Add(0x18, 0); break;
                default: break;
            }
        }

        return code.ToArray();
    }
}

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Tests.Oracle;

/// <summary>Runs instructions both natively and emulated on the same random states and collects what differs.</summary>
public sealed unsafe class OracleComparison : IDisposable
{
    private const int MaxReports = 12;
    private const uint FlagMask = LazyFlags.All | (uint)ControlBits.Df;

    private readonly NativeOracle _native = new();
    private readonly EmulatedCpu _emulated;
    private readonly OracleState* _before;
    private readonly OracleState* _after;
    private readonly byte[] _scratch = new byte[NativeOracle.ScratchBytes];
    private readonly List<string> _differences = [];
    private int _mode;

    public OracleComparison(int seed)
    {
        Random = new Random(seed);
        _emulated = new EmulatedCpu(_native.ScratchAddress, NativeOracle.ScratchBytes);
        Generator = new InstructionGenerator(Random, _native.ScratchAddress);
        // SAFETY: two plain structures, freed in Dispose.
        _before = (OracleState*)System.Runtime.InteropServices.NativeMemory.AlignedAlloc((nuint)(2 * sizeof(OracleState)), 64);
        _after = _before + 1;
        new Span<byte>(_before, 2 * sizeof(OracleState)).Clear();
        _before->ResetFx();
    }

    public Random Random { get; }

    public InstructionGenerator Generator { get; }

    public uint ScratchAddress => _native.ScratchAddress;

    /// <summary>The state that the next instruction starts from; a caller's setup may change it.</summary>
    public OracleState* Initial => _before;

    /// <summary>The scratch memory that the next instruction starts from; a caller's setup may change it.</summary>
    public Span<byte> InitialMemory => _scratch;

    /// <summary>Instructions compared so far.</summary>
    public int Compared { get; private set; }

    /// <summary>Instructions that faulted when emulated and were therefore not executed natively.</summary>
    public int Faulted { get; private set; }

    /// <summary>By how many units in the last place x87 registers may differ; C1, which tells the direction of rounding, is not compared unless this is 0.</summary>
    public uint X87UlpTolerance { get; set; }

    /// <summary>What differed, one text each; at most twelve.</summary>
    public IReadOnlyList<string> Differences => _differences;

    /// <summary>How many instructions differed.</summary>
    public int DifferenceCount { get; private set; }

    public uint InstructionAddress(int codeBits) => _native.InstructionAddress(codeBits);

    /// <summary>Fills registers, flags and memory with random values, many of them on the edges, and sets what the memory operand needs.</summary>
    public void Randomize(GeneratedInstruction instruction)
    {
        Span<ulong> words = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, ulong>(_scratch.AsSpan());
        ulong value = (ulong)Random.NextInt64() | 1;
        for (int i = 0; i < words.Length; i++)
        {
            // Marsaglia's xorshift: the seeded Random would take most of the test's time.
            value ^= value << 13;
            value ^= value >> 7;
            value ^= value << 17;
            words[i] = value;
        }

        for (int i = 0; i < 64; i++)
        {
            // Edge values also in memory, around the operand.
            int at = instruction.Target != 0 ? (int)(instruction.Target - ScratchAddress) - 64 + (8 * (i & 15)) : Random.Next(NativeOracle.ScratchBytes - 8);
            BitConverter.TryWriteBytes(_scratch.AsSpan(Math.Max(at, 0)), Interesting());
        }

        for (int i = 0; i < 16; i++)
        {
            _before->Gpr[i] = Interesting();
        }

        _before->Gpr[4] = ScratchAddress + (NativeOracle.ScratchBytes / 2) + (ulong)(8 * Random.Next(-64, 64));
        _before->Rflags = ((ulong)Random.Next() & FlagMask) | 0x202;
        ApplyAddress(instruction);
    }

    /// <summary>Sets base and index registers again, after a setup changed registers.</summary>
    public void ApplyAddress(GeneratedInstruction instruction)
    {
        if (instruction.Base.Register >= 0)
        {
            _before->Gpr[instruction.Base.Register] = instruction.Base.Value;
        }

        if (instruction.Index.Register >= 0)
        {
            _before->Gpr[instruction.Index.Register] = instruction.Index.Value;
        }
    }

    /// <summary>A random value, often one on the edge of something.</summary>
    public ulong Interesting()
    {
        ulong value = Random.Next(8) switch
        {
            0 => (ulong)Random.Next(-3, 4),
            1 => 1UL << Random.Next(64),
            2 => (1UL << Random.Next(64)) - 1,
            3 => (ulong)Random.Next(256),
            4 => 0x8000_0000_8000_8080,
            _ => (ulong)Random.NextInt64(),
        };
        return Random.Next(4) == 0 ? ~value : value;
    }

    /// <summary>Executes on both sides and compares registers, flags, scratch memory and, if asked, the FXSAVE image.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="undefinedFlags">EFLAGS bits that the manual leaves undefined.</param>
    /// <param name="compareFx">Compares x87, MMX and SSE registers too.</param>
    public void Compare(GeneratedInstruction instruction, uint undefinedFlags, bool compareFx = false)
    {
        int codeBits = instruction.CodeBits;
        if (_mode != codeBits)
        {
            _emulated.SetMode(codeBits);
            _mode = codeBits;
        }

        if (codeBits == 32)
        {
            for (int i = 0; i < 16; i++)
            {
                _before->Gpr[i] = (uint)_before->Gpr[i];
            }
        }

        _scratch.CopyTo(_emulated.Ram);
        _emulated.Load(_before);
        *_after = *_before;
        BlockExit exit = _emulated.Run(instruction.Bytes, codeBits, InstructionAddress(codeBits));
        if (exit == BlockExit.Fault)
        {
            // Natively it would kill the process: faults have tests of their own.
            Faulted++;
            return;
        }

        _emulated.Store(_after);
        _scratch.CopyTo(_native.Scratch);
        *_native.State = *_before;
        _native.Run(instruction.Bytes, codeBits);
        Compared++;
        if (instruction.Row.Mnemonic.EndsWith("dpps", System.StringComparison.Ordinal))
        {
            AcceptOtherNaNs();
        }

        string difference = Describe(codeBits, undefinedFlags, compareFx);
        if (difference.Length != 0)
        {
            DifferenceCount++;
            if (_differences.Count < MaxReports)
            {
                _differences.Add($"{instruction} {difference}");
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _emulated.Dispose();
        _native.Dispose();
        System.Runtime.InteropServices.NativeMemory.AlignedFree(_before);
    }

    private static string Hex(ulong value) => value.ToString("x", CultureInfo.InvariantCulture);

    private string Describe(int codeBits, uint undefinedFlags, bool compareFx)
    {
        var text = new StringBuilder();
        OracleState* real = _native.State;
        ulong mask = codeBits == 64 ? ulong.MaxValue : uint.MaxValue;
        for (int i = 0; i < (codeBits == 64 ? 16 : 8); i++)
        {
            if (((real->Gpr[i] ^ _after->Gpr[i]) & mask) != 0)
            {
                text.Append(CultureInfo.InvariantCulture, $"r{i}: {Hex(_before->Gpr[i])} became {Hex(_after->Gpr[i] & mask)}, natively {Hex(real->Gpr[i] & mask)}; ");
            }
        }

        uint flags = (uint)(real->Rflags ^ _after->Rflags) & FlagMask & ~undefinedFlags;
        if (flags != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"flags {Hex(_before->Rflags)} became {Hex(_after->Rflags)}, natively {Hex(real->Rflags)} (differ in {Hex(flags)}); ");
        }

        Span<byte> ram = _emulated.Ram;
        int at = ram.CommonPrefixLength(_native.Scratch);
        if (at != ram.Length)
        {
            text.Append(CultureInfo.InvariantCulture, $"memory at +{Hex((ulong)at)}: {Hex(_scratch[at])} became {Hex(ram[at])}, natively {Hex(_native.Scratch[at])}; ");
        }

        if (compareFx)
        {
            DescribeFx(text, real->Fx, _after->Fx);
            DescribeUpperHalves(text, real, _after);
        }

        if (text.Length != 0)
        {
            for (int i = 0; i < 16; i++)
            {
                text.Append(CultureInfo.InvariantCulture, $"{i}={Hex(_before->Gpr[i])} ");
            }
        }

        return text.ToString();
    }

    // Control and status words, tags, MXCSR and registers; not the x87 instruction and operand pointers.
    private void DescribeFx(StringBuilder text, byte* real, byte* emulated)
    {
        const int C1 = 0x200;
        const int X87At = 32;
        const int XmmAt = 160;
        int statusMask = X87UlpTolerance == 0 ? 0xffff : 0xffff & ~C1;
        DescribeWord(text, "FCW", *(ushort*)_before->Fx, *(ushort*)emulated, *(ushort*)real, 0xffff);
        DescribeWord(text, "FSW", *(ushort*)(_before->Fx + 2), *(ushort*)(emulated + 2), *(ushort*)(real + 2), statusMask);
        DescribeWord(text, "FTW", _before->Fx[4], emulated[4], real[4], 0xff);
        DescribeWord(text, "MXCSR", *(int*)(_before->Fx + 24), *(int*)(emulated + 24), *(int*)(real + 24), -1);
        bool x87Differs = false;
        for (int i = 0; i < 8; i++)
        {
            int at = X87At + (16 * i);
            if (!IsNear(real + at, emulated + at))
            {
                x87Differs = true;
                text.Append(CultureInfo.InvariantCulture, $"st{i} became {Extended(emulated + at)}, natively {Extended(real + at)}; ");
            }
        }

        if (text.Length != 0 && (x87Differs || *(ushort*)(emulated + 2) != *(ushort*)(real + 2)))
        {
            for (int i = 0; i < 8; i++)
            {
                text.Append(CultureInfo.InvariantCulture, $"st{i}={Extended(_before->Fx + X87At + (16 * i))} ");
            }
        }

        for (int i = XmmAt; i < 416; i++)
        {
            if (real[i] != emulated[i])
            {
                text.Append(CultureInfo.InvariantCulture, $"fxsave image at {i}: {Hex(emulated[i])}, natively {Hex(real[i])}; ");
            }
        }
    }

    // In which order a dot product adds, and so which of several NaNs it keeps, is the processor's own affair.
    private void AcceptOtherNaNs()
    {
        const int XmmAt = 160;
        AcceptOtherNaNs((uint*)(_after->Fx + XmmAt), (uint*)(_native.State->Fx + XmmAt), 64);
        AcceptOtherNaNs((uint*)_after->YmmHigh, (uint*)_native.State->YmmHigh, 64);
    }

    private static void AcceptOtherNaNs(uint* emulated, uint* real, int count)
    {
        for (int i = 0; i < count; i++)
        {
            if (float.IsNaN(System.BitConverter.UInt32BitsToSingle(emulated[i])) && float.IsNaN(System.BitConverter.UInt32BitsToSingle(real[i])))
            {
                emulated[i] = real[i];
            }
        }
    }

    private void DescribeUpperHalves(StringBuilder text, OracleState* real, OracleState* emulated)
    {
        for (int i = 0; i < 32 && NativeFeatures.Has(CpuFeature.Avx); i++)
        {
            if (real->YmmHigh[i] != emulated->YmmHigh[i])
            {
                text.Append(CultureInfo.InvariantCulture, $"ymm{i / 2} upper [{i & 1}] {Hex(_before->YmmHigh[i])} became {Hex(emulated->YmmHigh[i])}, natively {Hex(real->YmmHigh[i])}; ");
            }
        }
    }

    private static void DescribeWord(StringBuilder text, string name, int before, int emulated, int real, int mask)
    {
        if (((emulated ^ real) & mask) != 0)
        {
            text.Append(CultureInfo.InvariantCulture, $"{name} {Hex((uint)before)} became {Hex((uint)emulated)}, natively {Hex((uint)real)}; ");
        }
    }

    private static string Extended(byte* slot) => $"{Hex(*(ushort*)(slot + 8))}:{Hex(*(ulong*)slot)}";

    private bool IsNear(byte* real, byte* emulated)
    {
        ushort realTop = *(ushort*)(real + 8);
        ushort emulatedTop = *(ushort*)(emulated + 8);
        ulong realSignificand = *(ulong*)real;
        ulong emulatedSignificand = *(ulong*)emulated;
        if (realTop == emulatedTop)
        {
            ulong distance = realSignificand > emulatedSignificand ? realSignificand - emulatedSignificand : emulatedSignificand - realSignificand;
            return distance <= X87UlpTolerance;
        }

        // The neighbours of a power of two.
        return X87UlpTolerance != 0
            && ((realTop - emulatedTop == 1 && realSignificand << 1 == 0 && emulatedSignificand == ulong.MaxValue)
                || (emulatedTop - realTop == 1 && emulatedSignificand << 1 == 0 && realSignificand == ulong.MaxValue));
    }
}

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Tests.Oracle;
using Sosia.SoftFloat;
using Xunit;

namespace Sosia.Isa.X86.Tests.Valgrind;

/// <summary>Valgrind's instruction cases, executed on the emulated CPU.</summary>
public sealed unsafe class ValgrindTests : IDisposable
{
    private const uint RamAddress = 0x1_0000;
    private const int OperandOffset = 0x800;
    private const uint CodeAddress = RamAddress + 0x100;

    // What must stand in bytes of registers that a case does not mention.
    private const ulong Elsewhere = 0x5a5a_5a5a_5a5a_5a5a;

    // By how much a result may differ from the recorded one, relatively: the operands were rounded to their types and the text has as many digits as it has.
    private const double SingleTolerance = 2e-6;
    private const double DoubleTolerance = 1e-13;

    // Cases with a tolerance of their own, which is Valgrind's for all of them.
    private const double ValgrindTolerance = 1.5 / 4096;

    private static readonly (string Start, string Reason)[] Tolerant =
    [
        ("rcpps", "an approximation, this is the manual's bound"),
        ("rcpss", "an approximation, this is the manual's bound"),
        ("rsqrtps", "an approximation, this is the manual's bound"),
        ("rsqrtss", "an approximation, this is the manual's bound"),
        ("fisubrl st0.ps", "the recorded results add instead of subtracting, and only this tolerance hides it"),
    ];

    private readonly EmulatedCpu _cpu = new(RamAddress, 0x4000);

    public void Dispose() => _cpu.Dispose();

    [ValgrindCaseTheory]
    [InlineData("x86", 32, "basic", 1056)]
    [InlineData("x86", 32, "cmov", 384)]
    [InlineData("x86", 32, "fpu", 464)]
    [InlineData("x86", 32, "mmx", 103)]
    [InlineData("x86", 32, "mmxext", 29)]
    [InlineData("x86", 32, "sse", 154)]
    [InlineData("x86", 32, "sse2", 343)]
    [InlineData("x86", 32, "sse3", 43)]
    [InlineData("x86", 32, "ssse3", 188)]
    [InlineData("amd64", 64, "basic", 1286)]
    [InlineData("amd64", 64, "fpu", 464)]
    [InlineData("amd64", 64, "mmx", 105)]
    [InlineData("amd64", 64, "sse", 154)]
    [InlineData("amd64", 64, "sse2", 343)]
    [InlineData("amd64", 64, "sse3", 43)]
    [InlineData("amd64", 64, "ssse3", 188)]
    [InlineData("amd64", 64, "pclmulqdq", 160)]
    public void Cases_give_their_recorded_results(string processor, int codeBits, string file, int atLeast)
    {
        List<ValgrindCase> cases = ValgrindCases.Read(processor, file);
        Assert.InRange(cases.Count, atLeast, int.MaxValue);
        List<byte[]> codes = ValgrindAssembler.Assemble(cases, codeBits);
        Assert.Equal(cases.Count, codes.Count);
        var failures = new List<string>();
        _cpu.SetMode(codeBits);
        foreach ((ValgrindCase valgrind, byte[] code) in cases.Zip(codes))
        {
            if (Failure(valgrind, code, codeBits) is { } failure)
            {
                failures.Add($"{valgrind.Line} ({Convert.ToHexString(code)}): {failure}");
            }
        }

        Assert.True(failures.Count == 0, $"{failures.Count} of {cases.Count} differ:\n{string.Join('\n', failures)}");
    }

    private string? Failure(ValgrindCase valgrind, byte[] code, int codeBits)
    {
        X86State* st = _cpu.State;
        st->Fcw = 0x37f;
        st->Fsw = 0;
        st->Ftw = 0;
        st->Mxcsr = 0x1f80;
        _cpu.Cpu.Rflags = 0x202;
        for (int i = 0; i < 16; i++)
        {
            st->Gpr[i] = codeBits == 64 ? Elsewhere : Elsewhere & uint.MaxValue;
        }

        st->Gpr[6] = RamAddress + OperandOffset;
        // Flags that a result names start with the opposite of what they have to be, presets after that.
        foreach (ValgrindOperand result in valgrind.Results.Where(r => r.IsWord))
        {
            SetWord(result.Name, result.Mask, result.Mask & ~result.Bits);
        }

        foreach (ValgrindOperand input in valgrind.Presets.Concat(valgrind.Operands))
        {
            if (input.IsWord)
            {
                SetWord(input.Name, input.Mask, input.Bits);
            }
            else
            {
                Write(input);
            }
        }

        if (_cpu.Run(code, codeBits, CodeAddress) != BlockExit.None)
        {
            return $"fault {st->FaultVector}";
        }

        if (_cpu.Decoded.Length != code.Length)
        {
            return $"it was decoded as {_cpu.Decoded.Length} bytes";
        }

        bool isTolerant = Tolerant.Any(t => valgrind.Line.StartsWith(t.Start, StringComparison.Ordinal));
        bool isSingle = valgrind.Line.Contains(".ps[", StringComparison.Ordinal);
        double tolerance = isTolerant ? ValgrindTolerance : isSingle ? SingleTolerance : DoubleTolerance;
        return valgrind.Results.Select(r => Mismatch(r, tolerance)).FirstOrDefault(m => m is not null);
    }

    private string? Mismatch(ValgrindOperand expected, double tolerance)
    {
        X86State* st = _cpu.State;
        if (expected.IsWord)
        {
            uint actual = expected.Name switch
            {
                "fpusw" => st->Fsw,
                "fpucw" => st->Fcw,
                _ => (uint)_cpu.Cpu.Rflags,
            };
            return (actual & expected.Mask) == expected.Bits ? null : $"{expected.Name} is {actual:x}";
        }

        if (expected.Place.Kind == ValgrindPlaceKind.X87)
        {
            int physical = ((st->Fsw >> 11) + expected.Place.Number) & 7;
            if ((st->Ftw & (1 << physical)) == 0)
            {
                return $"{expected.Name} is empty";
            }

            FpEnvironment env = FpEnvironment.FromX87ControlWord(0x37f);
            ulong bits = Float80.ToFloat64(new Float80((ushort)st->X87[(2 * physical) + 1], st->X87[2 * physical]), ref env);
            return Mismatch(expected, 0, BitConverter.UInt64BitsToDouble(bits), tolerance);
        }

        ReadOnlySpan<byte> bytes = Bytes(expected.Place);
        for (int i = 0; i < expected.Values.Length; i++)
        {
            ulong actual = Read(bytes.Slice(i * expected.ElementBytes, expected.ElementBytes));
            string? mismatch = expected.IsFloat
                ? Mismatch(expected, i, expected.Type == "ps" ? BitConverter.UInt32BitsToSingle((uint)actual) : BitConverter.UInt64BitsToDouble(actual), tolerance)
                : actual == expected.Element(i) ? null : $"{expected.Name}, element {i}, is {actual:x}";
            if (mismatch is not null)
            {
                return mismatch;
            }
        }

        return null;
    }

    private static string? Mismatch(ValgrindOperand expected, int index, double actual, double tolerance)
    {
        double wanted = double.Parse(expected.Values[index], CultureInfo.InvariantCulture);
        return Math.Abs(actual - wanted) <= Math.Max(Math.Abs(wanted), 1e-3) * tolerance ? null : $"{expected.Name}, element {index}, is {actual:r}";
    }

    private void SetWord(string name, uint mask, uint bits)
    {
        X86State* st = _cpu.State;
        switch (name)
        {
            case "fpucw":
                st->Fcw = (ushort)((st->Fcw & ~mask) | bits);
                break;
            case "fpusw":
                st->Fsw = (ushort)((st->Fsw & ~mask) | bits);
                break;
            default:
                // Some cases set reserved bits, which POPF leaves alone.
                _cpu.Cpu.Rflags = (_cpu.Cpu.Rflags & ~(ulong)mask) | (bits & (LazyFlags.All | (uint)ControlBits.Df));
                break;
        }
    }

    private void Write(ValgrindOperand input)
    {
        X86State* st = _cpu.State;
        if (input.Place.Kind == ValgrindPlaceKind.X87)
        {
            FpEnvironment env = FpEnvironment.FromX87ControlWord(0x37f);
            Float80 value = input.Type == "ps" ? Float80.FromFloat32((uint)input.Element(0), ref env) : Float80.FromFloat64(input.Element(0), ref env);
            int physical = ((st->Fsw >> 11) + input.Place.Number) & 7;
            st->X87[2 * physical] = value.Significand;
            st->X87[(2 * physical) + 1] = value.SignExponent;
            st->Ftw |= (byte)(1 << physical);
        }
        else if (input.Place.Kind != ValgrindPlaceKind.None)
        {
            input.Bytes().AsSpan(0, input.Place.ByteCount).CopyTo(Bytes(input.Place));
        }
    }

    // SAFETY: registers are part of the CPU's state, which is native memory and outlives the span; the host is little-endian like the guest.
    private Span<byte> Bytes(ValgrindPlace place)
    {
        X86State* st = _cpu.State;
        return place.Kind switch
        {
            ValgrindPlaceKind.General => new Span<byte>((byte*)&st->Gpr[place.Number] + (place.IsHighByte ? 1 : 0), place.ByteCount),
            ValgrindPlaceKind.Mmx => new Span<byte>(&st->X87[2 * place.Number], place.ByteCount),
            ValgrindPlaceKind.Xmm => new Span<byte>(&st->Vector[4 * place.Number], place.ByteCount),
            ValgrindPlaceKind.Memory => _cpu.Ram.Slice(OperandOffset + place.Number, place.ByteCount),
            _ => throw new InvalidOperationException("The operand is neither in a register nor in memory."),
        };
    }

    private static ulong Read(ReadOnlySpan<byte> bytes)
    {
        Span<byte> whole = stackalloc byte[8];
        whole.Clear();
        bytes.CopyTo(whole);
        return BitConverter.ToUInt64(whole);
    }
}

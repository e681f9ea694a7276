using System;
using System.Collections.Generic;
using System.Numerics;
using Sosia.Isa.X86.Decode;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Tests.Oracle;
using Xunit;

namespace Sosia.Isa.X86.Tests.Integer;

/// <summary>Exceptions of integer instructions, which the host CPU cannot be asked about, and what has no expected value there.</summary>
public sealed unsafe class IntegerFaultTests : IDisposable
{
    private const int Rax = 0;
    private const int Rcx = 1;
    private const int Rdx = 2;
    private const int Rbx = 3;

    private readonly EmulatedCpu _cpu = new(0, 0x10000);

    public void Dispose() => _cpu.Dispose();

    public static TheoryData<int, bool> DivisionForms() => new()
    {
        { 8, false }, { 16, false }, { 32, false }, { 64, false }, { 8, true }, { 16, true }, { 32, true }, { 64, true },
    };

    [Theory]
    [MemberData(nameof(DivisionForms))]
    public void Division_faults_exactly_when_the_quotient_does_not_fit(int bits, bool isSigned)
    {
        _cpu.SetMode(64);
        byte[] code = [.. Prefix(bits), bits == 8 ? (byte)0xf6 : (byte)0xf7, isSigned ? (byte)0xf9 : (byte)0xf1];
        ulong[] values = [.. Edges(bits)];
        int faults = 0;
        foreach (ulong high in values)
        {
            foreach (ulong low in values)
            {
                foreach (ulong divisor in values)
                {
                    faults += Divide(code, bits, isSigned, high, low, divisor) ? 1 : 0;
                }
            }
        }

        Assert.InRange(faults, 1, (values.Length * values.Length * values.Length) - 1);
    }

    [Fact]
    public void Cmpxchg16b_off_a_16_byte_boundary_raises_gp_and_changes_nothing()
    {
        _cpu.SetMode(64);
        _cpu.State->Gpr[Rbx] = 0x1008;
        _cpu.State->Gpr[Rax] = 5;

        Assert.Equal(BlockExit.Fault, _cpu.Run([0x48, 0x0f, 0xc7, 0x0b], 64, 0x100));

        Assert.Equal(ExceptionVector.GeneralProtection, _cpu.State->FaultVector);
        Assert.Equal(0u, _cpu.State->FaultErrorCode);
        Assert.Equal(5UL, _cpu.State->Gpr[Rax]);
    }

    [Theory]
    [InlineData(-5, false)]
    [InlineData(-6, true)]
    [InlineData(7, false)]
    [InlineData(8, true)]
    public void Bound_raises_br_outside_its_limits(int index, bool faults)
    {
        _cpu.SetMode(32);
        BitConverter.TryWriteBytes(_cpu.Ram[0x1000..], -5);
        BitConverter.TryWriteBytes(_cpu.Ram[0x1004..], 7);
        _cpu.State->Gpr[Rax] = (uint)index;
        _cpu.State->Gpr[Rbx] = 0x1000;

        Assert.Equal(faults ? BlockExit.Fault : BlockExit.None, _cpu.Run([0x62, 0x03], 32, 0x100));
        Assert.True(!faults || _cpu.State->FaultVector == ExceptionVector.BoundRange);
    }

    [Fact]
    public void Aam_by_zero_raises_de()
    {
        _cpu.SetMode(32);
        Assert.Equal(BlockExit.Fault, _cpu.Run([0xd4, 0], 32, 0x100));
        Assert.Equal(ExceptionVector.DivideError, _cpu.State->FaultVector);
    }

    [Theory]
    [InlineData(new byte[] { 0xf0, 0x0f, 0xa3, 0x03 })]
    [InlineData(new byte[] { 0xf0, 0x0f, 0xab, 0xc3 })]
    [InlineData(new byte[] { 0xf0, 0xd1, 0x23 })]
    [InlineData(new byte[] { 0xf0, 0x90 })]
    [InlineData(new byte[] { 0x0f, 0xc7, 0xcb })]
    public void Lock_where_it_is_not_allowed_and_register_forms_that_do_not_exist_are_undefined(byte[] code)
    {
        Assert.Equal(DecodeStatus.Ok, Decoder.Decode(code, 64, out DecodedInstruction decoded));
        Assert.Null(decoded.Row);
    }

    [Fact]
    public void Opcode_90_is_a_nop_and_with_rex_b_an_exchange()
    {
        _cpu.SetMode(64);
        _cpu.State->Gpr[Rax] = 0x1111_2222_3333_4444;
        _cpu.State->Gpr[8] = 0x5555_6666_7777_8888;

        Assert.Equal(BlockExit.None, _cpu.Run([0x90], 64, 0x100));
        Assert.Equal(0x1111_2222_3333_4444UL, _cpu.State->Gpr[Rax]);

        Assert.Equal(BlockExit.None, _cpu.Run([0x41, 0x90], 64, 0x100));
        Assert.Equal(0x7777_8888UL, _cpu.State->Gpr[Rax]);
        Assert.Equal(0x3333_4444UL, _cpu.State->Gpr[8]);
    }

    [Fact]
    public void Rdrand_succeeds_and_repeats_itself_under_the_deterministic_clock()
    {
        using var other = new EmulatedCpu(0, 0x1000);
        var seen = new HashSet<ulong>();
        foreach (EmulatedCpu cpu in (EmulatedCpu[])[_cpu, other])
        {
            cpu.SetMode(64);
            for (int i = 0; i < 20; i++)
            {
                cpu.Cpu.Rflags = 0x8d6;
                Assert.Equal(BlockExit.None, cpu.Run([0x48, 0x0f, 0xc7, 0xf0], 64, 0x100));
                Assert.Equal(LazyFlags.Cf, (uint)cpu.Cpu.Rflags & LazyFlags.All);
                seen.Add(cpu.State->Gpr[Rax]);
            }
        }

        Assert.Equal(20, seen.Count);
    }

    [Fact]
    public void A_bit_string_wraps_at_the_address_size()
    {
        _cpu.SetMode(16);
        _cpu.State->Gpr[Rbx] = 0xfffe;
        _cpu.State->Gpr[Rcx] = 16 + 3;
        _cpu.Ram[0] = 0x08;

        // BTR [bx], cx: the word at offset FFFE + 2.
        Assert.Equal(BlockExit.None, _cpu.Run([0x0f, 0xb3, 0x0f], 16, 0x100));

        Assert.Equal(1UL, _cpu.Cpu.Rflags & LazyFlags.Cf);
        Assert.Equal(0, _cpu.Ram[0]);
    }

    [Fact]
    public void Pusha_that_does_not_fit_the_stack_segment_leaves_the_stack_pointer()
    {
        _cpu.SetMode(16);
        _cpu.State->Gpr[4] = 7;

        Assert.Equal(BlockExit.Fault, _cpu.Run([0x60], 16, 0x100));

        Assert.Equal(ExceptionVector.StackFault, _cpu.State->FaultVector);
        Assert.Equal(7UL, _cpu.State->Gpr[4]);
    }

    private static byte[] Prefix(int bits) => bits switch { 16 => [0x66], 64 => [0x48], _ => [] };

    private static IEnumerable<ulong> Edges(int bits)
    {
        ulong mask = ulong.MaxValue >> (64 - bits);
        ulong top = 1UL << (bits - 1);
        ulong[] values = [0, 1, 2, 7, top - 1, top, top + 1, mask - 1, mask, 0x5555_5555_5555_5555, 0xc000_0001_8000_0000];
        foreach (ulong value in values)
        {
            yield return value & mask;
        }
    }

    // Returns whether it faulted.
    private bool Divide(byte[] code, int bits, bool isSigned, ulong high, ulong low, ulong divisor)
    {
        X86State* st = _cpu.State;
        st->Gpr[Rax] = bits == 8 ? low | (high << 8) : low;
        st->Gpr[Rdx] = bits == 8 ? 0x1234 : high;
        st->Gpr[Rcx] = divisor;
        BigInteger one = BigInteger.One;
        BigInteger dividend = ((BigInteger)high << bits) + low;
        BigInteger by = divisor;
        BigInteger least = 0;
        BigInteger most = (one << bits) - 1;
        if (isSigned)
        {
            dividend = dividend >= one << ((2 * bits) - 1) ? dividend - (one << (2 * bits)) : dividend;
            by = by >= one << (bits - 1) ? by - (one << bits) : by;
            least = -(one << (bits - 1));
            most = (one << (bits - 1)) - 1;
        }

        BigInteger quotient = by.IsZero ? 0 : BigInteger.DivRem(dividend, by, out _);
        bool mustFault = by.IsZero || quotient < least || quotient > most;
        BlockExit exit = _cpu.Run(code, 64, 0x100);
        Assert.Equal(mustFault ? BlockExit.Fault : BlockExit.None, exit);
        if (mustFault)
        {
            Assert.Equal(ExceptionVector.DivideError, st->FaultVector);
            Assert.Equal(bits == 8 ? low | (high << 8) : low, st->Gpr[Rax]);
            return true;
        }

        BigInteger modulus = one << bits;
        ulong expectedQuotient = (ulong)(((quotient % modulus) + modulus) % modulus);
        ulong expectedRemainder = (ulong)((((dividend - (quotient * by)) % modulus) + modulus) % modulus);
        if (bits == 8)
        {
            Assert.Equal(expectedQuotient | (expectedRemainder << 8), st->Gpr[Rax]);
        }
        else
        {
            ulong mask = bits == 16 ? 0xffff : ulong.MaxValue;
            Assert.Equal(expectedQuotient, st->Gpr[Rax] & mask);
            Assert.Equal(expectedRemainder, st->Gpr[Rdx] & mask);
        }

        return false;
    }
}

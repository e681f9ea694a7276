using System;
using Sosia.Isa.X86.State;
using Xunit;

namespace Sosia.Isa.X86.Tests;

/// <summary>FXSAVE and XSAVE images: SDM vol. 1, 10.5 and chapter 13.</summary>
public sealed unsafe class ExtendedStateTests
{
    private const uint Area = 0x4_0000;

    // All with the area at [RCX], as EDX:EAX is the mask.
    private static readonly byte[] Fxsave = [0x0f, 0xae, 0x01];
    private static readonly byte[] Fxrstor = [0x0f, 0xae, 0x09];
    private static readonly byte[] Xsave = [0x0f, 0xae, 0x21];
    private static readonly byte[] Xsavec = [0x0f, 0xc7, 0x21];
    private static readonly byte[] Xrstor = [0x0f, 0xae, 0x29];
    private static readonly byte[] Xsaveopt = [0x0f, 0xae, 0x31];

    [Fact]
    public void FXSAVE_stores_registers_from_the_top_of_stack()
    {
        using TestMachine m = Machine();
        m.State->Fsw = 3 << 11;
        m.State->Ftw = 0x18;
        m.State->X87[6] = 0x8000_0000_0000_0001;
        m.State->X87[7] = 0x3fff;
        m.State->Vector[4 * 15] = 0x1515;
        Assert.True(m.Execute(Fxsave));
        Assert.Equal(0x1800, m.Read16(Area + 2));
        Assert.Equal(0x18, m.Read16(Area + 4));
        Assert.Equal(0x1f80u, m.Read32(Area + 24));
        Assert.Equal(0xffffu, m.Read32(Area + 28));
        Assert.Equal(0x8000_0000_0000_0001UL, m.Read64(Area + 32));
        Assert.Equal(0x3fff, m.Read16(Area + 40));
        Assert.Equal(0x1515UL, m.Read64(Area + 160 + (16 * 15)));
    }

    [Fact]
    public void FXRSTOR_brings_back_what_FXSAVE_stored()
    {
        using TestMachine m = Machine();
        Fill(m);
        Assert.True(m.Execute(Fxsave));
        byte[] before = StateBytes(m);
        m.State->Fcw = 0x37f;
        m.State->Fsw = 0;
        new Span<ulong>(m.State->X87, 16).Clear();
        new Span<ulong>(m.State->Vector, 64).Clear();
        m.State->Mxcsr = 0x1f80;
        Assert.True(m.Execute(Fxrstor));
        Assert.Equal(before, StateBytes(m));
    }

    [Theory]
    [InlineData(16 + 8, 13)]
    [InlineData(16, -1)]
    public void FXSAVE_areas_are_16_byte_aligned(int offset, int vector)
    {
        using TestMachine m = Machine();
        m.State->Gpr[1] = Area + (uint)offset;
        m.Execute(Fxsave);
        Assert.Equal(vector, m.FaultVector);
    }

    [Fact]
    public void Reserved_MXCSR_bits_fault()
    {
        using TestMachine m = Machine();
        Assert.True(m.Execute(Fxsave));
        m.Write32(Area + 24, 0x1_1f80);
        Assert.False(m.Execute(Fxrstor));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        m.State->Cr4 |= ControlBits.Cr4Osfxsr;
        m.State->Gpr[1] = Area + 24;
        Assert.False(m.Execute(0x0f, 0xae, 0x11));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        m.Write32(Area + 24, 0x9fc0);
        Assert.True(m.Execute(0x0f, 0xae, 0x11));
        Assert.Equal(0x9fc0u, m.State->Mxcsr);
    }

    [Fact]
    public void TS_makes_the_device_unavailable()
    {
        using TestMachine m = Machine();
        m.State->Cr0 |= ControlBits.Cr0Ts;
        Assert.False(m.Execute(Fxsave));
        Assert.Equal(ExceptionVector.DeviceNotAvailable, m.FaultVector);
        Assert.False(m.Execute(Xsave));
        Assert.Equal(ExceptionVector.DeviceNotAvailable, m.FaultVector);
    }

    [Fact]
    public void XSAVE_and_XRSTOR_move_the_requested_components()
    {
        using TestMachine m = Machine();
        Fill(m);
        Request(m, 3);
        Assert.True(m.Execute(Xsave));
        Assert.Equal(3UL, m.Read64(Area + 512));
        byte[] before = StateBytes(m);
        new Span<ulong>(m.State->X87, 16).Clear();
        new Span<ulong>(m.State->Vector, 64).Clear();
        Request(m, 2);
        Assert.True(m.Execute(Xrstor));
        Assert.Equal(0UL, m.State->X87[0]);
        Assert.NotEqual(0UL, m.State->Vector[0]);
        Request(m, 3);
        Assert.True(m.Execute(Xrstor));
        Assert.Equal(before, StateBytes(m));
    }

    [Fact]
    public void XSAVEOPT_leaves_out_what_is_in_its_initial_state()
    {
        using TestMachine m = Machine();
        m.State->Fcw = 0x37f;
        m.State->Vector[0] = 7;
        m.Write64(Area + 32, 0x1234);
        Request(m, 3);
        Assert.True(m.Execute(Xsaveopt));
        Assert.Equal(2UL, m.Read64(Area + 512));
        // The x87 part was not written.
        Assert.Equal(0x1234UL, m.Read64(Area + 32));
        Assert.Equal(7UL, m.Read64(Area + 160));
        // Restoring initialises what is absent.
        m.State->X87[0] = 99;
        m.State->Fcw = 0x40;
        Assert.True(m.Execute(Xrstor));
        Assert.Equal(0UL, m.State->X87[0]);
        Assert.Equal(0x37f, m.State->Fcw);
    }

    [Theory]
    [InlineData(512, 8UL)]
    [InlineData(512, 4UL)]
    [InlineData(520, 1UL)]
    [InlineData(520, 1UL << 63)]
    [InlineData(528, 1UL)]
    public void XRSTOR_checks_its_header(int offset, ulong value)
    {
        using TestMachine m = Machine();
        Request(m, 3);
        Assert.True(m.Execute(Xsave));
        m.Write64(Area + (uint)offset, value);
        Assert.False(m.Execute(Xrstor));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
    }

    [Fact]
    public void XSAVE_is_undefined_without_OSXSAVE_and_needs_64_byte_alignment()
    {
        using TestMachine m = Machine();
        m.State->Gpr[1] = Area + 32;
        Assert.False(m.Execute(Xsave));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        m.State->Cr4 &= ~ControlBits.Cr4Osxsave;
        Assert.False(m.Execute(Xsave));
        Assert.Equal(ExceptionVector.InvalidOpcode, m.FaultVector);
    }

    [Fact]
    public void XSAVE_and_XRSTOR_move_the_upper_halves()
    {
        using TestMachine m = Machine(7);
        Fill(m);
        for (int i = 2; i < 64; i += (i & 3) == 2 ? 1 : 3)
        {
            m.State->Vector[i] = 0x1111_0000_0000UL + (uint)i;
        }

        Request(m, 7);
        Assert.True(m.Execute(Xsave));
        Assert.Equal(7UL, m.Read64(Area + 512));
        Assert.Equal(m.State->Vector[2], m.Read64(Area + 576));
        Assert.Equal(m.State->Vector[63], m.Read64(Area + 824));
        byte[] before = StateBytes(m);
        new Span<ulong>(m.State->Vector, 64).Clear();
        Request(m, 4);
        Assert.True(m.Execute(Xrstor));
        Assert.Equal(0UL, m.State->Vector[0]);
        Assert.NotEqual(0UL, m.State->Vector[2]);
        Request(m, 7);
        Assert.True(m.Execute(Xrstor));
        Assert.Equal(before, StateBytes(m));
    }

    [Fact]
    public void XSAVEOPT_does_not_write_upper_halves_that_are_zero_and_XRSTOR_clears_them()
    {
        using TestMachine m = Machine(7);
        m.State->Vector[0] = 7;
        m.Write64(Area + 576, 0x1234);
        Request(m, 6);
        Assert.True(m.Execute(Xsaveopt));
        Assert.Equal(2UL, m.Read64(Area + 512));
        Assert.Equal(0x1234UL, m.Read64(Area + 576));
        m.State->Vector[2] = 99;
        Assert.True(m.Execute(Xrstor));
        Assert.Equal(0UL, m.State->Vector[2]);
        Assert.Equal(7UL, m.State->Vector[0]);
    }

    [Theory]
    [InlineData(4UL)]
    [InlineData(2UL)]
    public void XSAVE_stores_MXCSR_with_SSE_or_AVX(ulong mask)
    {
        using TestMachine m = Machine(7);
        m.State->Mxcsr = 0x1fa0;
        Request(m, mask);
        Assert.True(m.Execute(Xsave));
        Assert.Equal(0x1fa0u, m.Read32(Area + 24));
        m.State->Mxcsr = 0x1f80;
        Assert.True(m.Execute(Xrstor));
        Assert.Equal(0x1fa0u, m.State->Mxcsr);
    }

    [Fact]
    public void XSAVEC_writes_the_compacted_form_without_what_is_initial()
    {
        using TestMachine m = Machine(7);
        m.State->Fcw = 0x37f;
        m.State->Vector[2] = 0x2222;
        m.Write32(Area + 24, 0x5555);
        m.Write64(Area + 160, 0x1234);
        Request(m, 7);
        Assert.True(m.Execute(Xsavec));
        Assert.Equal(4UL, m.Read64(Area + 512));
        Assert.Equal((1UL << 63) | 7, m.Read64(Area + 520));
        Assert.Equal(0x5555u, m.Read32(Area + 24));
        Assert.Equal(0x1234UL, m.Read64(Area + 160));
        Assert.Equal(0x2222UL, m.Read64(Area + 576));
        // Its XRSTOR initialises SSE with MXCSR, and does not look at the MXCSR in memory.
        m.State->Mxcsr = 0x1fa0;
        m.State->Vector[0] = 1;
        m.State->Vector[2] = 0;
        Assert.True(m.Execute(Xrstor));
        Assert.Equal(0x1f80u, m.State->Mxcsr);
        Assert.Equal(0UL, m.State->Vector[0]);
        Assert.Equal(0x2222UL, m.State->Vector[2]);
    }

    [Theory]
    [InlineData(512, 4UL, 3UL)]
    [InlineData(520, 0UL, (1UL << 63) | 8)]
    [InlineData(528, 0UL, 1UL)]
    [InlineData(568, 0UL, 1UL)]
    public void XRSTOR_checks_a_compacted_header(int offset, ulong present, ulong value)
    {
        using TestMachine m = Machine(7);
        Fill(m);
        Request(m, 3);
        Assert.True(m.Execute(Xsavec));
        Request(m, 7);
        m.Write64(Area + 512, present);
        m.Write64(Area + (uint)offset, offset == 512 ? present : value);
        Assert.False(m.Execute(Xrstor));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
    }

    [Fact]
    public void Without_XSAVEC_it_is_undefined_and_the_compacted_form_faults()
    {
        using var m = new TestMachine(model: CpuModel.X8664V2);
        Prepare(m, 3);
        Assert.False(m.Execute(Xsavec));
        Assert.Equal(ExceptionVector.InvalidOpcode, m.FaultVector);
        Request(m, 3);
        Assert.True(m.Execute(Xsave));
        m.Write64(Area + 520, (1UL << 63) | 3);
        Assert.False(m.Execute(Xrstor));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
        m.State->Gpr[1] = 1;
        Assert.False(m.Execute(0x0f, 0x01, 0xd0));
        Assert.Equal(ExceptionVector.GeneralProtection, m.FaultVector);
    }

    [Fact]
    public void XGETBV_with_1_tells_what_is_in_use()
    {
        using TestMachine m = Machine(7);
        m.State->Fcw = 0x37f;
        m.State->Gpr[1] = 1;
        m.State->Vector[6] = 1;
        Assert.True(m.Execute(0x0f, 0x01, 0xd0));
        Assert.Equal(4UL, m.State->Gpr[0]);
    }

    [Theory]
    [InlineData("x86-64-v3", 7UL, true)]
    [InlineData("x86-64-v3", 3UL, true)]
    [InlineData("x86-64-v3", 5UL, false)]
    [InlineData("x86-64-v3", 6UL, false)]
    [InlineData("x86-64-v3", 15UL, false)]
    [InlineData("x86-64-v2", 7UL, false)]
    public void XSETBV_takes_AVX_only_with_SSE_and_where_it_exists(string model, ulong value, bool isTaken)
    {
        using var m = new TestMachine(model: CpuModel.Find(model));
        Prepare(m, 1);
        m.State->Gpr[1] = 0;
        Request(m, value);
        Assert.Equal(isTaken, m.Execute(0x0f, 0x01, 0xd1));
        Assert.Equal(isTaken ? value : 1, m.State->Xcr0);
    }

    [Fact]
    public void VLDMXCSR_and_VSTMXCSR_follow_the_rules_of_AVX()
    {
        using TestMachine m = Machine(7);
        m.Write32(Area, 0x1fa0);
        Assert.True(m.Execute(0xc5, 0xf8, 0xae, 0x11));
        Assert.Equal(0x1fa0u, m.State->Mxcsr);
        m.Write32(Area, 0);
        Assert.True(m.Execute(0xc5, 0xf8, 0xae, 0x19));
        Assert.Equal(0x1fa0u, m.Read32(Area));
        m.State->Xcr0 = 3;
        Assert.False(m.Execute(0xc5, 0xf8, 0xae, 0x19));
        Assert.Equal(ExceptionVector.InvalidOpcode, m.FaultVector);
    }

    private static TestMachine Machine(ulong xcr0 = 3)
    {
        var m = new TestMachine();
        Prepare(m, xcr0);
        return m;
    }

    private static void Prepare(TestMachine m, ulong xcr0)
    {
        m.EnterLong();
        m.State->Cr4 |= ControlBits.Cr4Osxsave;
        m.State->Xcr0 = xcr0;
        m.State->Gpr[1] = Area;
    }

    private static void Request(TestMachine m, ulong mask)
    {
        m.State->Gpr[0] = mask;
        m.State->Gpr[2] = 0;
    }

    private static void Fill(TestMachine m)
    {
        m.State->Fcw = 0x27f;
        m.State->Fsw = 5 << 11;
        m.State->Ftw = 0xff;
        m.State->Fop = 0x123;
        m.State->Fip = 0x1234_5678;
        m.State->Fdp = 0x9abc_def0;
        m.State->Mxcsr = 0x9f80;
        for (int i = 0; i < 8; i++)
        {
            m.State->X87[2 * i] = 0x8000_0000_0000_0000 + (ulong)i;
            m.State->X87[(2 * i) + 1] = 0x4000 + (ulong)i;
        }

        for (int i = 0; i < 16; i++)
        {
            m.State->Vector[4 * i] = 0x1111_0000UL + (ulong)i;
            m.State->Vector[(4 * i) + 1] = 0x2222_0000UL + (ulong)i;
        }
    }

    private static byte[] StateBytes(TestMachine m)
    {
        X86State* st = m.State;
        byte[] bytes = new byte[(16 * 8) + (64 * 8) + 32];
        new ReadOnlySpan<byte>(st->X87, 128).CopyTo(bytes);
        new ReadOnlySpan<byte>(st->Vector, 512).CopyTo(bytes.AsSpan(128));
        BitConverter.TryWriteBytes(bytes.AsSpan(640), st->Fcw);
        BitConverter.TryWriteBytes(bytes.AsSpan(642), st->Fsw);
        bytes[644] = st->Ftw;
        BitConverter.TryWriteBytes(bytes.AsSpan(646), st->Fop);
        BitConverter.TryWriteBytes(bytes.AsSpan(648), st->Fip);
        BitConverter.TryWriteBytes(bytes.AsSpan(656), st->Fdp);
        BitConverter.TryWriteBytes(bytes.AsSpan(664), st->Mxcsr);
        return bytes;
    }
}

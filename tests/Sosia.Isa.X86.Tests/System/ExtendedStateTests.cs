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

    private static TestMachine Machine()
    {
        var m = new TestMachine();
        m.EnterLong();
        m.State->Cr4 |= ControlBits.Cr4Osxsave;
        m.State->Xcr0 = 3;
        m.State->Gpr[1] = Area;
        return m;
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

using System;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Semantics.Vector;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Tests.Oracle;
using Xunit;

namespace Sosia.Isa.X86.Tests.Vector;

/// <summary>The checks before vector instructions, their order, and what unmasked floating-point exceptions leave behind.</summary>
public sealed unsafe class VectorFaultTests : IDisposable
{
    private const uint RamAddress = 0x10000;
    private const uint Operand = RamAddress + 0x800;
    private const uint One = 0x3f80_0000;
    private const uint Three = 0x4040_0000;
    private const uint Denormal = 1;
    private const uint Big = 0x7f7f_ffff;
    private const uint SignallingNan = 0x7fa0_0000;
    private const uint SmallestNormal = 0x0080_0000;

    private readonly EmulatedCpu _cpu = new(RamAddress, 0x4000);

    public VectorFaultTests()
    {
        _cpu.SetMode(64);
        _cpu.State->Mxcsr = 0x1f80;
        _cpu.State->Gpr[0] = Operand;
    }

    private X86State* State => _cpu.State;

    public void Dispose() => _cpu.Dispose();

    [Theory]
    [InlineData("0F58C1", ControlBits.Cr0Em, true, ExceptionVector.InvalidOpcode)] // ADDPS
    [InlineData("0F58C1", 0, false, ExceptionVector.InvalidOpcode)]
    [InlineData("0F58C1", ControlBits.Cr0Ts, true, ExceptionVector.DeviceNotAvailable)]
    [InlineData("0F58C1", ControlBits.Cr0Ts | ControlBits.Cr0Em, true, ExceptionVector.InvalidOpcode)]
    [InlineData("0F58C1", ControlBits.Cr0Ts, false, ExceptionVector.InvalidOpcode)]
    [InlineData("660FFEC1", ControlBits.Cr0Ts, true, ExceptionVector.DeviceNotAvailable)] // PADDD xmm
    [InlineData("660FFEC1", 0, false, ExceptionVector.InvalidOpcode)]
    [InlineData("0F28C1", ControlBits.Cr0Ts, true, ExceptionVector.DeviceNotAvailable)] // MOVAPS
    [InlineData("660F3A63C100", ControlBits.Cr0Ts, true, ExceptionVector.DeviceNotAvailable)] // PCMPISTRI
    [InlineData("660F3810C1", ControlBits.Cr0Em, true, ExceptionVector.InvalidOpcode)] // PBLENDVB
    [InlineData("660FF7C1", ControlBits.Cr0Ts, true, ExceptionVector.DeviceNotAvailable)] // MASKMOVDQU
    [InlineData("0FFEC1", ControlBits.Cr0Em, true, ExceptionVector.InvalidOpcode)] // PADDD mm
    [InlineData("0FFEC1", ControlBits.Cr0Ts, true, ExceptionVector.DeviceNotAvailable)]
    [InlineData("0F77", ControlBits.Cr0Ts, true, ExceptionVector.DeviceNotAvailable)] // EMMS
    [InlineData("0F77", ControlBits.Cr0Em | ControlBits.Cr0Ts, true, ExceptionVector.InvalidOpcode)]
    [InlineData("0FF7C1", ControlBits.Cr0Em, true, ExceptionVector.InvalidOpcode)] // MASKMOVQ
    [InlineData("F20FD6C1", ControlBits.Cr0Ts, true, ExceptionVector.DeviceNotAvailable)] // MOVDQ2Q
    public void The_control_registers_refuse_vector_instructions(string code, ulong cr0, bool osfxsr, byte vector)
    {
        State->Cr0 |= cr0;
        State->Cr4 = osfxsr ? ControlBits.Cr4Osfxsr : 0;
        Assert.Equal(BlockExit.Fault, Run(code));
        Assert.Equal(vector, State->FaultVector);
        Assert.Equal(0, State->FaultHasErrorCode);
    }

    [Theory]
    [InlineData("0F5800")] // ADDPS xmm0, [rax]
    [InlineData("0F2900")] // MOVAPS [rax], xmm0
    [InlineData("C5FC2800")] // VMOVAPS ymm0, [rax]
    public void A_misaligned_operand_at_address_1_is_refused_while_the_TLB_is_empty(string code)
    {
        _cpu.Cpu.FlushTlb(keepGlobal: false);
        State->Gpr[0] = 1;
        Assert.Equal(BlockExit.Fault, Run(code));
        Assert.Equal(ExceptionVector.GeneralProtection, State->FaultVector);
    }

    [Fact]
    public void Mmx_instructions_do_not_need_cr4_osfxsr()
    {
        State->Cr4 = 0;
        Assert.Equal(BlockExit.None, Run("0FFEC1"));
        Assert.Equal(0xff, State->Ftw);
    }

    [Theory]
    [InlineData("0FFEC1")] // PADDD mm
    [InlineData("0F77")] // EMMS
    [InlineData("0F2AC1")] // CVTPI2PS xmm, mm
    [InlineData("F20FD6C1")] // MOVDQ2Q
    [InlineData("0FF7C1")] // MASKMOVQ
    public void A_pending_x87_exception_is_taken_before_an_mmx_instruction(string code)
    {
        State->Cr0 |= ControlBits.Cr0Ne;
        State->Fsw = 0x8081;
        Assert.Equal(BlockExit.Fault, Run(code));
        Assert.Equal(ExceptionVector.FloatingPoint, State->FaultVector);
        Assert.Equal(0x8081, State->Fsw);
    }

    [Fact]
    public void Cvtpi2ps_from_memory_leaves_the_x87_state_alone()
    {
        State->Cr0 |= ControlBits.Cr0Ne;
        State->Fsw = 0xb081;
        Assert.Equal(BlockExit.None, Run("0F2A00"));
        Assert.Equal(0xb081, State->Fsw);
    }

    [Theory]
    [InlineData("0F2800")] // MOVAPS load
    [InlineData("0F2900")] // MOVAPS store
    [InlineData("660FE700")] // MOVNTDQ
    [InlineData("660FFE00")] // PADDD
    [InlineData("0F5800")] // ADDPS
    [InlineData("660F3A0FC004")] // PALIGNR register form as a control
    public void A_misaligned_16_byte_operand_raises_general_protection(string code)
    {
        State->Gpr[0] = Operand + 8;
        bool isRegister = code == "660F3A0FC004";
        Assert.Equal(isRegister ? BlockExit.None : BlockExit.Fault, Run(code));
        if (!isRegister)
        {
            Assert.Equal(ExceptionVector.GeneralProtection, State->FaultVector);
            Assert.Equal(1, State->FaultHasErrorCode);
            Assert.Equal(0u, State->FaultErrorCode);
        }
    }

    [Theory]
    [InlineData("0F1000")] // MOVUPS
    [InlineData("F30F6F00")] // MOVDQU
    [InlineData("F20FF000")] // LDDQU
    [InlineData("660F3A630000")] // PCMPISTRI
    public void Unaligned_forms_take_any_address_also_across_pages(string code)
    {
        for (uint offset = 0xff0; offset < 0x1010; offset += 3)
        {
            State->Gpr[0] = RamAddress + offset;
            _cpu.Ram.Slice((int)offset, 16).Fill((byte)offset);
            Assert.Equal(BlockExit.None, Run(code));
            if (!code.EndsWith("630000", StringComparison.Ordinal))
            {
                Assert.Equal((byte)offset * 0x0101_0101_0101_0101UL, State->Vector[0]);
                Assert.Equal((byte)offset * 0x0101_0101_0101_0101UL, State->Vector[1]);
            }
        }
    }

    [Fact]
    public void An_unaligned_store_across_pages_arrives_whole()
    {
        State->Vector[0] = 0x0706_0504_0302_0100;
        State->Vector[1] = 0x0f0e_0d0c_0b0a_0908;
        State->Gpr[0] = RamAddress + 0xffb;
        Assert.Equal(BlockExit.None, Run("F30F7F00"));
        for (int i = 0; i < 16; i++)
        {
            Assert.Equal(i, _cpu.Ram[0xffb + i]);
        }
    }

    [Theory]
    [InlineData(true, ExceptionVector.SimdFloatingPoint)]
    [InlineData(false, ExceptionVector.InvalidOpcode)]
    public void An_unmasked_exception_raises_xm_or_without_osxmmexcpt_ud(bool osxmmexcpt, byte vector)
    {
        State->Cr4 = ControlBits.Cr4Osfxsr | (osxmmexcpt ? ControlBits.Cr4Osxmmexcpt : 0);
        SetMasked(0x04);
        SetVectors([One, One, One, One, 0, One, One, One]);
        Assert.Equal(BlockExit.Fault, Run("0F5EC1"));
        Assert.Equal(vector, State->FaultVector);
        Assert.Equal(One | ((ulong)One << 32), State->Vector[0]);
        Assert.Equal(0x04u, State->Mxcsr & 0x3f);
    }

    // The flags are those that a processor was seen to set.
    [Theory]
    [InlineData("0F5EC1", 0x04u, 0x04u, One, One, One, One, Three, 0u, One, One)] // DIVPS: one element inexact, one divided by zero
    [InlineData("0F5EC1", 0x20u, 0x24u, One, One, One, One, 0u, Three, One, One)]
    [InlineData("0F5EC1", 0x04u, 0x06u, One, One, Denormal, One, 0u, Three, One, One)]
    [InlineData("0F5EC1", 0x04u, 0x04u, Denormal, One, One, One, 0u, One, One, One)]
    [InlineData("0F59C1", 0x01u, 0x01u, Big, SignallingNan, One, One, Big, One, One, One)] // MULPS
    [InlineData("0F59C1", 0x08u, 0x2au, Big, Denormal, One, One, Big, One, One, One)]
    [InlineData("0F59C1", 0x02u, 0x02u, Big, Denormal, One, One, Big, One, One, One)]
    [InlineData("0F59C1", 0x10u, 0x10u, SmallestNormal, One, One, One, SmallestNormal, One, One, One)]
    [InlineData("0F59C1", 0x01u, 0x01u, SignallingNan, One, One, One, Denormal, One, One, One)]
    [InlineData("F20F7CC1", 0x08u, 0x2au, Big, Big, One, One, Denormal, One, One, One)] // HADDPS
    [InlineData("660F3A40C1FF", 0x08u, 0x2au, Big, Denormal, One, One, Big, One, One, One)] // DPPS
    [InlineData("660F3A40C1FF", 0x08u, 0x29u, Big, One, SignallingNan, One, Big, One, One, One)]
    [InlineData("0FC2C101", 0x01u, 0x03u, SignallingNan, Denormal, One, One, One, One, One, One)] // CMPLTPS
    [InlineData("660F5BC1", 0x01u, 0x01u, One, One, One, One, Big, 0x3fc0_0000u, 0u, 0u)] // CVTPS2DQ
    public void Unmasked_exceptions_set_these_flags_and_store_nothing(string code, uint unmasked, uint flags, params uint[] elements)
    {
        State->Cr4 = ControlBits.Cr4Osfxsr | ControlBits.Cr4Osxmmexcpt;
        SetMasked(unmasked);
        SetVectors(elements);
        ulong before = State->Vector[0];
        Assert.Equal(BlockExit.Fault, Run(code));
        Assert.Equal(ExceptionVector.SimdFloatingPoint, State->FaultVector);
        Assert.Equal(flags, State->Mxcsr & 0x3f);
        Assert.Equal(before, State->Vector[0]);
    }

    [Fact]
    public void A_denormal_operand_is_no_exception_when_division_by_zero_goes_before()
    {
        State->Cr4 = ControlBits.Cr4Osfxsr | ControlBits.Cr4Osxmmexcpt;
        SetMasked(0x02);
        SetVectors([Denormal, One, One, One, 0, 0, One, One]);
        Assert.Equal(BlockExit.None, Run("0F5EC1"));
        Assert.Equal(0x04u, State->Mxcsr & 0x3f);
    }

    [Fact]
    public void A_masked_store_writes_only_what_is_selected()
    {
        _cpu.Ram.Slice(0x800, 32).Fill(0xee);
        State->Gpr[7] = Operand + 3;
        State->Vector[0] = 0x0706_0504_0302_0100;
        State->Vector[1] = 0x0f0e_0d0c_0b0a_0908;
        State->Vector[4] = 0x0000_0080_0000_80ff;
        State->Vector[5] = 0xff00_0000_0000_0000;
        Assert.Equal(BlockExit.None, Run("660FF7C1"));
        Assert.Equal("EEEEEE0001EEEE04EEEEEEEEEEEEEEEEEEEE0FEE", Convert.ToHexString(_cpu.Ram.Slice(0x800, 20)));
    }

    [Fact]
    public void A_masked_store_that_selects_nothing_touches_no_memory()
    {
        State->Gpr[7] = 0xdead_beef_0000_0000;
        State->Vector[4] = 0;
        State->Vector[5] = 0;
        Assert.Equal(BlockExit.None, Run("660FF7C1"));
    }

    [Fact]
    public void Mmx_writes_set_the_exponent_field_and_valid_tags()
    {
        State->Fsw = 0x3800;
        State->Ftw = 0;
        Assert.Equal(BlockExit.None, Run("0F6EC0")); // MOVD mm0, eax
        Assert.Equal(0, State->Fsw);
        Assert.Equal(0xff, State->Ftw);
        Assert.Equal(Operand, State->X87[0]);
        Assert.Equal(0xffffUL, State->X87[1] & 0xffff);
    }

    [Theory]
    [InlineData("0F53C1", false, false)] // RCPPS
    [InlineData("F30F53C1", true, false)] // RCPSS
    [InlineData("0F52C1", false, true)] // RSQRTPS
    [InlineData("F30F52C1", true, true)] // RSQRTSS
    [InlineData("0F5308", false, false)]
    [InlineData("F30F5308", true, false)]
    [InlineData("0F5208", false, true)]
    [InlineData("F30F5208", true, true)]
    public void Reciprocal_instructions_approximate_their_source_and_raise_nothing(string code, bool isScalar, bool isSquareRoot)
    {
        uint[] elements = [One, Big, Denormal, SmallestNormal, Three, SignallingNan, 0xbf80_0000, 0x4110_0000];
        State->Cr4 |= ControlBits.Cr4Osxmmexcpt;
        State->Mxcsr = 0;
        SetVectors(elements);
        bool isMemory = code[^2..] == "08";
        if (isMemory)
        {
            SetVectors([elements[4], elements[5], elements[6], elements[7], elements[0], elements[1], elements[2], elements[3]]);
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(elements.AsSpan(4)).CopyTo(_cpu.Ram[0x800..]);
        }

        Assert.Equal(BlockExit.None, Run(code));
        Assert.Equal(0u, State->Mxcsr);
        for (int i = 0; i < 4; i++)
        {
            uint source = elements[4 + i];
            uint expected = isScalar && i > 0 ? elements[i] : isSquareRoot ? Reciprocal.InverseSquareRoot(source) : Reciprocal.Inverse(source);
            Assert.Equal(expected, ((uint*)State->Vector)[(isMemory ? 8 : 0) + i]);
        }
    }

    private void SetMasked(uint unmasked) => State->Mxcsr = 0x1f80 & ~(unmasked << 7);

    private void SetVectors(ReadOnlySpan<uint> elements)
    {
        for (int i = 0; i < 4; i++)
        {
            ((uint*)State->Vector)[i] = elements[i];
            ((uint*)State->Vector)[8 + i] = elements[4 + i];
        }
    }

    private BlockExit Run(string code)
        => _cpu.Run(Convert.FromHexString(code), 64, RamAddress + 0x100);
}

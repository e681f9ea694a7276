using System;
using Sosia.Isa.X86.Tests.Oracle;
using Xunit;

namespace Sosia.Isa.X86.Tests.Vector;

/// <summary>The checks before instructions with a VEX prefix, their encodings, and alignment (SDM vol. 2, 2.3 and 2.4).</summary>
public sealed unsafe class AvxFaultTests
{
    private const uint Operand = 0x5000;

    [Theory]
    [InlineData("C5F458C2", 0UL, true, 7UL, -1)] // VADDPS ymm0, ymm1, ymm2
    [InlineData("C5F458C2", ControlBits.Cr0Em, true, 7UL, -1)]
    [InlineData("C5F458C2", 0UL, false, 7UL, ExceptionVector.InvalidOpcode)]
    [InlineData("C5F458C2", 0UL, true, 3UL, ExceptionVector.InvalidOpcode)]
    [InlineData("C5F458C2", 0UL, true, 1UL, ExceptionVector.InvalidOpcode)]
    [InlineData("C5F458C2", ControlBits.Cr0Ts, true, 7UL, ExceptionVector.DeviceNotAvailable)]
    [InlineData("C5F458C2", ControlBits.Cr0Ts, true, 3UL, ExceptionVector.InvalidOpcode)]
    [InlineData("C5F1FEC2", ControlBits.Cr0Ts, true, 7UL, ExceptionVector.DeviceNotAvailable)] // VPADDD xmm
    [InlineData("C5F877", ControlBits.Cr0Ts, true, 7UL, ExceptionVector.DeviceNotAvailable)] // VZEROUPPER
    [InlineData("C5F877", 0UL, true, 3UL, ExceptionVector.InvalidOpcode)]
    [InlineData("C4E27198C2", 0UL, true, 3UL, ExceptionVector.InvalidOpcode)] // VFMADD132PS
    [InlineData("C4E27513C2", 0UL, true, 7UL, ExceptionVector.InvalidOpcode)] // VCVTPH2PS with VEX.vvvv
    [InlineData("C4E27D13C2", 0UL, true, 7UL, -1)]
    [InlineData("C4E2FD13C2", 0UL, true, 7UL, ExceptionVector.InvalidOpcode)] // its VEX.W1
    [InlineData("C5FD6EC0", 0UL, true, 7UL, ExceptionVector.InvalidOpcode)] // VMOVD with VEX.L1
    [InlineData("C4E37918C101", 0UL, true, 7UL, ExceptionVector.InvalidOpcode)] // VINSERTF128 with VEX.L0
    [InlineData("C4E271F2C2", 0UL, true, 7UL, ExceptionVector.InvalidOpcode)] // an opcode that is none
    [InlineData("66C5F058C2", 0UL, true, 7UL, ExceptionVector.InvalidOpcode)] // a mandatory prefix before VEX
    [InlineData("F3C5F058C2", 0UL, true, 7UL, ExceptionVector.InvalidOpcode)]
    [InlineData("48C5F058C2", 0UL, true, 7UL, ExceptionVector.InvalidOpcode)]
    [InlineData("F0C5F05800", 0UL, true, 7UL, ExceptionVector.InvalidOpcode)]
    public void Control_registers_and_encodings_refuse_instructions_with_VEX(string code, ulong cr0, bool osxsave, ulong xcr0, int vector)
    {
        using TestMachine m = Machine();
        m.State->Cr0 |= cr0;
        m.State->Cr4 &= osxsave ? ulong.MaxValue : ~ControlBits.Cr4Osxsave;
        // CR4.OSFXSR does not matter to them.
        m.State->Cr4 &= ~ControlBits.Cr4Osfxsr;
        m.State->Xcr0 = xcr0;
        m.Execute(Convert.FromHexString(code));
        Assert.Equal(vector, m.FaultVector);
    }

    [Theory]
    [InlineData("C5FC2800", 32)] // VMOVAPS ymm0, [rax]
    [InlineData("C5F82800", 16)]
    [InlineData("C5FD7F00", 32)] // VMOVDQA [rax], ymm0
    [InlineData("C5FDE700", 32)] // VMOVNTDQ
    [InlineData("C4E27D2A00", 32)] // VMOVNTDQA
    [InlineData("C5FC1000", 1)] // VMOVUPS
    [InlineData("C5FC5800", 1)] // VADDPS ymm0, ymm0, [rax]
    [InlineData("C5FDFE00", 1)] // VPADDD
    [InlineData("C4E379630000", 1)] // VPCMPISTRI
    public void Only_aligned_moves_demand_alignment(string code, int alignment)
    {
        using TestMachine m = Machine();
        byte[] bytes = Convert.FromHexString(code);
        foreach (int offset in new[] { 0, 32, 16, 8, 1, 0xfe1, 0xff8 })
        {
            m.State->Gpr[0] = Operand + (uint)offset;
            bool isAligned = offset % alignment == 0;
            Assert.Equal(isAligned, m.Execute(bytes));
            Assert.Equal(isAligned ? -1 : ExceptionVector.GeneralProtection, m.FaultVector);
        }
    }

    [Fact]
    public void VZEROUPPER_and_VZEROALL_clear_sixteen_registers_in_64_bit_code_and_eight_elsewhere()
    {
        using var cpu = new EmulatedCpu(0x10000, 0x1000);
        foreach (int codeBits in new[] { 64, 32 })
        {
            cpu.SetMode(codeBits);
            int count = codeBits == 64 ? 16 : 8;
            foreach (string code in new[] { "C5F877", "C5FC77" })
            {
                new Span<ulong>(cpu.State->Vector, 64).Fill(5);
                cpu.Run(Convert.FromHexString(code), codeBits, 0x10000);
                for (int i = 0; i < 64; i++)
                {
                    bool isCleared = i / 4 < count && (code == "C5FC77" || (i & 2) != 0);
                    Assert.Equal(isCleared ? 0UL : 5UL, cpu.State->Vector[i]);
                }
            }
        }
    }

    [Fact]
    public void VEX_is_undefined_in_real_mode()
    {
        using var cpu = new EmulatedCpu(0x10000, 0x1000);
        cpu.SetMode(16);
        cpu.State->Xcr0 = 7;
        Assert.Equal(Execution.BlockExit.Fault, cpu.Run([0xc5, 0xf0, 0x58, 0xc2], 16, 0));
        Assert.Equal(ExceptionVector.InvalidOpcode, cpu.State->FaultVector);
        // 16-bit protected code has it.
        cpu.State->Cr0 |= ControlBits.Cr0Pe;
        Assert.Equal(Execution.BlockExit.None, cpu.Run([0xc5, 0xf0, 0x58, 0xc2], 16, 0));
        // Virtual-8086 mode has it not.
        cpu.State->SystemFlags |= ControlBits.Vm;
        Assert.Equal(Execution.BlockExit.Fault, cpu.Run([0xc5, 0xf0, 0x58, 0xc2], 16, 0));
        Assert.Equal(ExceptionVector.InvalidOpcode, cpu.State->FaultVector);
    }

    [Fact]
    public void Masked_moves_do_not_touch_what_is_masked_out()
    {
        using TestMachine m = Machine();
        // The last mapped element, then what no page is mapped for: a canonical hole.
        m.State->Gpr[0] = 0x0000_8000_0000_0000 - 8;
        uint* mask = (uint*)(m.State->Vector + 4);
        byte[] load = Convert.FromHexString("C4E2752C00"); // VMASKMOVPS ymm0, ymm1, [rax]
        byte[] store = Convert.FromHexString("C4E2752E00"); // VMASKMOVPS [rax], ymm1, ymm0
        m.State->Vector[0] = 99;
        Assert.True(m.Execute(store));
        Assert.True(m.Execute(load));
        Assert.Equal(0UL, m.State->Vector[0]);
        mask[7] = 0x8000_0000;
        Assert.False(m.Execute(load));
        Assert.False(m.Execute(store));
    }

    [Theory]
    [InlineData("C5F853C1", "0F53C1", 0)] // VRCPPS xmm0, xmm1
    [InlineData("C5FC53C1", "0F53C1", 32)] // VRCPPS ymm0, ymm1
    [InlineData("C5FA53C1", "F30F53C1", 0)] // VRCPSS xmm0, xmm0, xmm1
    [InlineData("C5F852C1", "0F52C1", 0)] // VRSQRTPS
    [InlineData("C5FC52C1", "0F52C1", 32)]
    [InlineData("C5FA52C1", "F30F52C1", 0)] // VRSQRTSS
    public void Reciprocal_instructions_with_VEX_approximate_as_those_without(string code, string legacy, int byteCount)
    {
        using TestMachine m = Machine();
        float[] elements = [1, 3, 0.1f, 9, 1e30f, 0, 100, 7];
        float* destination = (float*)m.State->Vector;
        float* source = destination + 8;
        Set();
        m.State->Cr4 |= ControlBits.Cr4Osfxsr;
        Assert.True(m.Execute(Convert.FromHexString(legacy)));
        ulong low = m.State->Vector[0];
        ulong high = m.State->Vector[1];
        Set();
        Assert.True(m.Execute(Convert.FromHexString(code)));
        Assert.Equal(low, m.State->Vector[0]);
        Assert.Equal(high, m.State->Vector[1]);
        if (byteCount == 32)
        {
            // The upper lane holds what the lower one would for the same elements.
            for (int i = 4; i < 8; i++)
            {
                Assert.Equal(elements[i] == 0, float.IsInfinity(destination[i]));
            }
        }
        else
        {
            Assert.Equal(0UL, m.State->Vector[2] | m.State->Vector[3]);
        }

        void Set()
        {
            for (int i = 0; i < 8; i++)
            {
                destination[i] = i + 2;
                source[i] = elements[i];
            }
        }
    }

    private static TestMachine Machine()
    {
        var m = new TestMachine();
        m.EnterLong();
        m.State->Cr4 |= ControlBits.Cr4Osxsave;
        m.State->Xcr0 = 7;
        m.State->Mxcsr = 0x1f80;
        m.State->Gpr[0] = Operand;
        return m;
    }
}

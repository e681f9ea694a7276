using System;
using Sosia.Core.Interrupts;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;
using Sosia.Isa.X86.Tests.Oracle;
using Xunit;

namespace Sosia.Isa.X86.Tests.X87;

/// <summary>What the host cannot show without being killed: refusals before x87 instructions, faulting operands, real-mode environments.</summary>
public sealed unsafe class X87FaultTests : IDisposable
{
    private const uint RamAddress = 0x1_0000;
    private const uint Operand = RamAddress + 0x800;
    private const ushort InvalidPending = 0x8081;
    private const ulong Em = ControlBits.Cr0Em;
    private const ulong Mp = ControlBits.Cr0Mp;
    private const ulong Ts = ControlBits.Cr0Ts;

    private readonly EmulatedCpu _cpu = new(RamAddress, 0x4000);

    public X87FaultTests()
    {
        _cpu.SetMode(64);
        State->Fcw = 0x37f;
        State->Gpr[0] = Operand;
    }

    private X86State* State => _cpu.State;

    public void Dispose() => _cpu.Dispose();

    [Theory]
    [InlineData("D9E8", Em, true)] // FLD1
    [InlineData("D9E8", Ts, true)]
    [InlineData("D9E8", Mp, false)]
    [InlineData("DBE3", Em, true)] // FNINIT
    [InlineData("DBE3", Ts, true)]
    [InlineData("DFE0", Ts, true)] // FNSTSW AX
    [InlineData("D938", Em, true)] // FNSTCW
    [InlineData("DD30", Ts, true)] // FNSAVE
    [InlineData("DBE0", Ts, true)] // FNENI
    [InlineData("9B", Em, false)] // WAIT
    [InlineData("9B", Ts, false)]
    [InlineData("9B", Mp, false)]
    [InlineData("9B", Mp | Ts, true)]
    [InlineData("9B", Mp | Ts | Em, true)]
    public void The_control_registers_refuse_x87_instructions(string code, ulong cr0, bool refused)
    {
        State->Cr0 |= cr0;
        State->Fsw = 0x0700;
        Assert.Equal(refused ? BlockExit.Fault : BlockExit.None, Run(code));
        if (refused)
        {
            Assert.Equal(ExceptionVector.DeviceNotAvailable, State->FaultVector);
            Assert.Equal(0, State->FaultHasErrorCode);
            Assert.Equal(0x0700, State->Fsw);
        }
    }

    [Theory]
    [InlineData("9B", true)] // WAIT
    [InlineData("D9D0", true)] // FNOP
    [InlineData("D9E8", true)] // FLD1
    [InlineData("D900", true)] // FLD m32
    [InlineData("DB38", true)] // FSTP m80
    [InlineData("D928", true)] // FLDCW
    [InlineData("D920", true)] // FLDENV
    [InlineData("DD20", true)] // FRSTOR
    [InlineData("D9F7", true)] // FINCSTP
    [InlineData("DDC0", true)] // FFREE
    [InlineData("DBF1", true)] // FCOMI
    [InlineData("DAC1", true)] // FCMOVB
    [InlineData("DBE3", false)] // FNINIT
    [InlineData("DBE2", false)] // FNCLEX
    [InlineData("D938", false)] // FNSTCW
    [InlineData("DD38", false)] // FNSTSW m16
    [InlineData("DFE0", false)] // FNSTSW AX
    [InlineData("D930", false)] // FNSTENV
    [InlineData("DD30", false)] // FNSAVE
    [InlineData("DBE4", false)] // FNSETPM
    public void A_pending_exception_is_taken_before_waiting_instructions_only(string code, bool waits)
    {
        State->Fcw = 0x37e;
        State->Fsw = InvalidPending;
        Assert.Equal(waits ? BlockExit.Fault : BlockExit.None, Run(code));
        if (waits)
        {
            Assert.Equal(ExceptionVector.FloatingPoint, State->FaultVector);
            Assert.Equal(0, State->FaultHasErrorCode);
            Assert.Equal(InvalidPending, State->Fsw);
        }
    }

    [Fact]
    public void An_unmasked_exception_becomes_pending_and_faults_at_the_next_instruction()
    {
        State->Fcw = 0x37b;
        Load(0, 1.0);
        // FLDZ; FDIVP ST(1), ST: the operands stay.
        Assert.Equal(BlockExit.None, Run("D9EE"));
        Assert.Equal(BlockExit.None, Run("DEF9"));
        Assert.Equal(0x8084, State->Fsw & 0x80ff);
        Assert.Equal(6, State->Fsw >> 11 & 7);
        Assert.Equal(BlockExit.Fault, Run("9B"));
        Assert.Equal(ExceptionVector.FloatingPoint, State->FaultVector);
    }

    [Fact]
    public void With_ne_clear_a_pending_exception_asserts_ferr()
    {
        var sink = new Sink();
        _cpu.Cpu.FloatingPointErrorLine = new IrqLine(sink, 13);
        State->Cr0 &= ~ControlBits.Cr0Ne;
        State->Fcw = 0x37e;
        State->Fsw = InvalidPending;
        Assert.Equal(BlockExit.None, Run("DFE0"));
        Assert.Equal(-1, sink.Input);
        Assert.Equal(BlockExit.None, Run("D9E8"));
        Assert.Equal(13, sink.Input);
    }

    [Theory]
    [InlineData("D910")] // FST m32
    [InlineData("DD18")] // FSTP m64
    [InlineData("DB38")] // FSTP m80
    [InlineData("DF38")] // FISTP m64
    [InlineData("DF30")] // FBSTP
    [InlineData("D930")] // FNSTENV
    [InlineData("DD30")] // FNSAVE
    [InlineData("D920")] // FLDENV
    [InlineData("DD20")] // FRSTOR
    [InlineData("D800")] // FADD m32
    [InlineData("DC18")] // FCOMP m64
    [InlineData("DF20")] // FBLD
    public void A_faulting_operand_leaves_the_x87_as_it_was(string code)
    {
        _cpu.SetMode(32);
        State->Ds.Limit = 0xfff;
        State->Ds.UpdateFastLimits();
        State->Gpr[0] = 0xffe;
        Load(0, 1.1);
        State->Fsw = 0x3d00;
        State->Fip = 0x1234;
        State->Fdp = 0x5678;
        Assert.Equal(BlockExit.Fault, Run(code, 32));
        Assert.Equal(ExceptionVector.GeneralProtection, State->FaultVector);
        Assert.Equal(0x3d00, State->Fsw);
        Assert.Equal(0x80, State->Ftw);
        Assert.Equal(0x37f, State->Fcw);
        Assert.Equal(0x1234UL, State->Fip);
        Assert.Equal(0x5678UL, State->Fdp);
    }

    [Fact]
    public void A_store_that_an_unmasked_exception_suppresses_still_checks_its_operand()
    {
        _cpu.SetMode(32);
        State->Ds.Limit = 0xfff;
        State->Ds.UpdateFastLimits();
        State->Gpr[0] = 0xffe;
        State->Fcw = 0x37e;
        Assert.Equal(BlockExit.Fault, Run("D918", 32));
        Assert.Equal(0, State->Fsw);
    }

    [Fact]
    public void Instruction_and_operand_pointers_follow_all_but_control_instructions()
    {
        State->Cs.Selector = 0x33;
        State->Ds.Selector = 0x2b;
        Assert.Equal(BlockExit.None, Run("66D900"));
        Assert.Equal(RamAddress + 0x100UL, State->Fip);
        Assert.Equal(0x33, State->Fcs);
        Assert.Equal(Operand, State->Fdp);
        Assert.Equal(0x2b, State->Fds);
        Assert.Equal(0x100, State->Fop);
        // FNSTCW is a control instruction; FCHS has no memory operand.
        Assert.Equal(BlockExit.None, Run("D938"));
        Assert.Equal(0x100, State->Fop);
        Assert.Equal(BlockExit.None, Run("D9E0"));
        Assert.Equal(0x1e0, State->Fop);
        Assert.Equal(Operand, State->Fdp);
    }

    [Theory]
    [InlineData("D930", 14)]
    [InlineData("66D930", 28)]
    public void Real_mode_environments_hold_linear_pointers_and_the_opcode(string code, int byteCount)
    {
        SetRealMode();
        State->Fsw = 0x1800;
        State->Ftw = 0x08;
        State->X87[6] = 1UL << 63;
        State->X87[7] = 0x7fff;
        State->Fop = 0x5a5;
        State->Fcs = 0x1234;
        State->Fip = 0xfedc;
        State->Fds = 0xabcd;
        State->Fdp = 0x4321;
        const uint Instruction = 0x1_2340 + 0xfedc;
        const uint OperandAddress = 0xa_bcd0 + 0x4321;
        _cpu.Ram.Fill(0xcc);
        Assert.Equal(BlockExit.None, Run(code, 16));
        ReadOnlySpan<byte> image = _cpu.Ram[0x800..];
        int step = byteCount / 7;
        ushort[] words = [0x37f, 0x1800, 0xffbf, (ushort)(Instruction & 0xffff), (ushort)(((Instruction >> 16) << 12) | 0x5a5), (ushort)(OperandAddress & 0xffff), (ushort)((OperandAddress >> 16) << 12)];
        for (int i = 0; i < 7; i++)
        {
            Assert.Equal(words[i], BitConverter.ToUInt16(image[(i * step)..]));
        }

        Assert.Equal(0xcc, image[byteCount]);
        // Loading gives the linear addresses back.
        State->Fop = 0;
        State->Fip = 0;
        State->Fdp = 0;
        Assert.Equal(BlockExit.None, Run(byteCount == 14 ? "D920" : "66D920", 16));
        Assert.Equal(Instruction, State->Fip);
        Assert.Equal(OperandAddress, State->Fdp);
        Assert.Equal(0x5a5, State->Fop);
        Assert.Equal(0x08, State->Ftw);
    }

    [Theory]
    [InlineData("D908")] // D9 /1
    [InlineData("DB20")] // DB /4
    [InlineData("DB30")] // DB /6
    [InlineData("DD28")] // DD /5
    [InlineData("D9D1")]
    [InlineData("D9E2")]
    [InlineData("D9E6")]
    [InlineData("D9EF")]
    [InlineData("DAE0")]
    [InlineData("DAE8")]
    [InlineData("DAEA")]
    [InlineData("DAF0")]
    [InlineData("DBE5")]
    [InlineData("DBF8")]
    [InlineData("DDF0")]
    [InlineData("DED8")]
    [InlineData("DEDA")]
    [InlineData("DFE1")]
    [InlineData("DFF8")]
    public void Reserved_opcodes_are_undefined(string code)
    {
        Assert.Equal(BlockExit.Fault, Run(code));
        Assert.Equal(ExceptionVector.InvalidOpcode, State->FaultVector);
    }

    [Theory]
    [InlineData("D9FE")] // FSIN
    [InlineData("D9FF")] // FCOS
    [InlineData("D9FB")] // FSINCOS
    [InlineData("D9F2")] // FPTAN
    public void An_angle_out_of_range_sets_c2_and_changes_nothing_else(string code)
    {
        State->Fsw = 0x3a00;
        State->Ftw = 0x80;
        State->X87[14] = 1UL << 63;
        State->X87[15] = 0x3fff + 63;
        Assert.Equal(BlockExit.None, Run(code));
        Assert.Equal(0x3c00, State->Fsw);
        Assert.Equal(0x80, State->Ftw);
        Assert.Equal(0x3fffUL + 63, State->X87[15]);
    }

    [Fact]
    public void Repeated_fprem_steps_end_with_the_exact_remainder()
    {
        // 2^200 mod 7 = 2^(200 mod 3) = 4.
        State->Fsw = 0x3000;
        State->Ftw = 0xc0;
        State->X87[12] = 1UL << 63;
        State->X87[13] = 0x3fff + 200;
        State->X87[14] = 7UL << 61;
        State->X87[15] = 0x4001;
        int steps = 0;
        do
        {
            Assert.Equal(BlockExit.None, Run("D9F8"));
            steps++;
        }
        while ((State->Fsw & 0x400) != 0 && steps < 100);

        Assert.InRange(steps, 4, 7);
        Assert.Equal(1UL << 63, State->X87[12]);
        Assert.Equal(0x4001UL, State->X87[13]);
    }

    private BlockExit Run(string code, int codeBits = 64) => _cpu.Run(Convert.FromHexString(code), codeBits, codeBits == 16 ? 0x100u : RamAddress + 0x100);

    private void SetRealMode()
    {
        _cpu.SetMode(16);
        State->Ds.Base = RamAddress;
        State->Gpr[3] = 0x800;
        State->Gpr[6] = 0;
    }

    /// <summary>Makes ST(index) a number, with TOP at 7 − index.</summary>
    private void Load(int index, double value)
    {
        State->Fsw = (ushort)((State->Fsw & ~0x3800) | ((7 - index) << 11));
        State->Ftw = 0x80;
        ulong bits = BitConverter.DoubleToUInt64Bits(value);
        State->X87[14] = (1UL << 63) | (bits << 11);
        State->X87[15] = ((bits >> 52) & 0x7ff) - 1023 + 0x3fff;
    }

    private sealed class Sink : IIrqSink
    {
        public int Input { get; private set; } = -1;

        public void SetIrq(int input, bool asserted) => Input = asserted ? input : -1;
    }
}

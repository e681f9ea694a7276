using System.Runtime.InteropServices;
using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.Mmu;

namespace Sosia.Isa.X86.State;

/// <summary>
/// The complete state of one x86 virtual CPU, in native memory at a fixed address. Emitted code, kernel interfaces and C# share it;
/// offsets are taken from this structure, and a test asserts those that other parts rely on.
/// </summary>
/// <remarks>
/// The six arithmetic flags live in <see cref="FlagResult"/> and <see cref="FlagCarries"/> (see <see cref="LazyFlags"/>); every
/// other EFLAGS bit in <see cref="SystemFlags"/>. Between instructions <see cref="Rip"/> is exact; inside a block the instruction
/// pointer is <see cref="BlockRip"/> plus the running operation's offset.
/// </remarks>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct X86State
{
    /// <summary>RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8–R15.</summary>
    public fixed ulong Gpr[16];

    /// <summary>The instruction pointer at the last block boundary.</summary>
    public ulong Rip;

    /// <summary>Half of the lazy arithmetic flags: the last result, sign-extended to 64 bits.</summary>
    public ulong FlagResult;

    /// <summary>Half of the lazy arithmetic flags: carry vector and corrections.</summary>
    public ulong FlagCarries;

    /// <summary>EFLAGS without CF, PF, AF, ZF, SF, OF: bit 1 always set, TF, IF, DF, IOPL, NT, RF, VM, AC, VIF, VIP, ID in place.</summary>
    public ulong SystemFlags;

    /// <summary>Always zero: the register that an absent base or index, or a flat segment base, names.</summary>
    public ulong Zero;

    /// <summary>Always zero too: the flat base of stack accesses in 64-bit code, told apart because they raise #SS.</summary>
    public ulong StackZero;

    /// <summary>The instruction pointer of the running block's first operation.</summary>
    public ulong BlockRip;

    /// <summary>The operation being executed.</summary>
    public Op* CurrentOp;

    /// <summary>The data TLB of the current privilege (user; supervisor; supervisor under SMAP): <see cref="TlbEntry.Count"/> entries.</summary>
    public TlbEntry* DataTlb;

    /// <summary>Instructions retired at the start of the running block.</summary>
    public long RetiredAtBlock;

    /// <summary>The engine returns to its dispatcher before retiring more than this; a kick from any thread sets it to 0.</summary>
    public long RetireLimit;

    /// <summary>The engine's table of recently executed blocks by linear address.</summary>
    public JumpCacheEntry* JumpCache;

    /// <summary>Entries of <see cref="JumpCache"/> with another generation are void: raised whenever translations are dropped.</summary>
    public ulong JumpCacheGeneration;

    /// <summary>Why the running block must end: set by whoever makes a handler return null, cleared by the dispatcher.</summary>
    public BlockExit Exit;

    /// <summary>The fault's vector when <see cref="Exit"/> is <see cref="BlockExit.Fault"/>.</summary>
    public byte FaultVector;

    /// <summary>1 when the fault pushes <see cref="FaultErrorCode"/>.</summary>
    public byte FaultHasErrorCode;

    /// <summary>What blocks of the code that runs now are kept apart by.</summary>
    public CodeMode CodeMode;

    /// <summary>The fault's error code.</summary>
    public uint FaultErrorCode;

    /// <summary>For #PF the linear address (CR2 is written on delivery); for #DB the DR6 bits to set.</summary>
    public ulong FaultAddress;

    /// <summary>Bits of <see cref="PendingEvent"/>; written from any thread with interlocked operations.</summary>
    public int PendingEvents;

    /// <summary>The current privilege level, 0 to 3 (kept apart because real mode and virtual-8086 mode do not hold it in CS).</summary>
    public int Cpl;

    /// <summary>The width of code now: 16, 32 or 64.</summary>
    public int CodeBits;

    /// <summary>The width of the stack pointer now: 16, 32 or 64.</summary>
    public int StackBits;

    /// <summary>ES.</summary>
    public SegmentRegister Es;

    /// <summary>CS.</summary>
    public SegmentRegister Cs;

    /// <summary>SS.</summary>
    public SegmentRegister Ss;

    /// <summary>DS.</summary>
    public SegmentRegister Ds;

    /// <summary>FS.</summary>
    public SegmentRegister Fs;

    /// <summary>GS.</summary>
    public SegmentRegister Gs;

    /// <summary>LDTR.</summary>
    public SegmentRegister Ldtr;

    /// <summary>TR.</summary>
    public SegmentRegister Tr;

    /// <summary>GDTR base.</summary>
    public ulong GdtrBase;

    /// <summary>IDTR base.</summary>
    public ulong IdtrBase;

    /// <summary>GDTR limit.</summary>
    public uint GdtrLimit;

    /// <summary>IDTR limit.</summary>
    public uint IdtrLimit;

    /// <summary>CR0.</summary>
    public ulong Cr0;

    /// <summary>CR2.</summary>
    public ulong Cr2;

    /// <summary>CR3.</summary>
    public ulong Cr3;

    /// <summary>CR4.</summary>
    public ulong Cr4;

    /// <summary>IA32_EFER.</summary>
    public ulong Efer;

    /// <summary>XCR0.</summary>
    public ulong Xcr0;

    /// <summary>DR0–DR7 (4 and 5 unused).</summary>
    public fixed ulong Dr[8];

    /// <summary>The four PDPTEs that PAE paging loads with CR3 (SDM vol. 3, 4.4.1).</summary>
    public fixed ulong Pdpte[4];

    /// <summary>IA32_STAR.</summary>
    public ulong Star;

    /// <summary>IA32_LSTAR.</summary>
    public ulong Lstar;

    /// <summary>IA32_CSTAR.</summary>
    public ulong Cstar;

    /// <summary>IA32_FMASK.</summary>
    public ulong Fmask;

    /// <summary>IA32_KERNEL_GS_BASE.</summary>
    public ulong KernelGsBase;

    /// <summary>IA32_SYSENTER_CS.</summary>
    public ulong SysenterCs;

    /// <summary>IA32_SYSENTER_ESP.</summary>
    public ulong SysenterEsp;

    /// <summary>IA32_SYSENTER_EIP.</summary>
    public ulong SysenterEip;

    /// <summary>IA32_PAT.</summary>
    public ulong Pat;

    /// <summary>IA32_TSC_AUX.</summary>
    public ulong TscAux;

    /// <summary>The time-stamp counter is the machine clock's nanoseconds plus this.</summary>
    public ulong TscOffset;

    /// <summary>IA32_MISC_ENABLE.</summary>
    public ulong MiscEnable;

    /// <summary>IA32_SPEC_CTRL.</summary>
    public ulong SpecCtrl;

    /// <summary>IA32_MTRR_DEF_TYPE.</summary>
    public ulong MtrrDefType;

    /// <summary>The eleven fixed-range MTRRs, in MSR order (0x250, 0x258, 0x259, 0x268–0x26f).</summary>
    public fixed ulong MtrrFixed[11];

    /// <summary>Eight variable-range MTRR pairs (base, mask).</summary>
    public fixed ulong MtrrVariable[16];

    /// <summary>IA32_MCG_STATUS.</summary>
    public ulong MachineCheckStatus;

    /// <summary>IA32_MCG_CTL.</summary>
    public ulong MachineCheckControl;

    /// <summary>IA32_MCi_CTL of the machine-check banks.</summary>
    public fixed ulong MachineCheckBankControl[X86Cpu.MachineCheckBankCount];

    /// <summary>The x87 physical registers R0–R7, 16 bytes each: significand (which is MM0–MM7), then sign and exponent in 16 bits.</summary>
    public fixed ulong X87[16];

    /// <summary>x87 control word.</summary>
    public ushort Fcw;

    /// <summary>x87 status word, with TOP in bits 11–13.</summary>
    public ushort Fsw;

    /// <summary>x87 tags in FXSAVE's abridged form: bit i is set when physical register i is not empty.</summary>
    public byte Ftw;

    /// <summary>x87 last opcode, 11 bits.</summary>
    public ushort Fop;

    /// <summary>x87 last instruction's selector.</summary>
    public ushort Fcs;

    /// <summary>x87 last operand's selector.</summary>
    public ushort Fds;

    /// <summary>x87 last instruction pointer.</summary>
    public ulong Fip;

    /// <summary>x87 last operand pointer.</summary>
    public ulong Fdp;

    /// <summary>MXCSR.</summary>
    public uint Mxcsr;

    /// <summary>XINUSE-style flag for XSAVEOPT/XGETBV(1): reserved for the upper halves.</summary>
    public uint VectorInUse;

    /// <summary>XMM0–XMM15 in the low halves of sixteen 32-byte slots, so that YMM has room.</summary>
    public fixed ulong Vector[64];

    /// <summary>The managed owner, a GCHandle as an integer.</summary>
    public nint Owner;

    /// <summary>Total instructions retired by operations that count themselves (diagnostics): translation-lookaside misses.</summary>
    public long TlbMisses;

    /// <summary>Non-zero while the processor waits in HLT.</summary>
    public byte Halted;

    /// <summary>Non-zero while the processor waits for a start-up message after INIT.</summary>
    public byte WaitForSipi;

    /// <summary>Non-zero from an NMI's delivery to the next IRET.</summary>
    public byte NmiBlocked;

    /// <summary>Non-zero after a triple fault.</summary>
    public byte ShutDown;

    /// <summary>All ones, or bit 20 cleared while the A20 gate is closed: ANDed to every guest physical address.</summary>
    public ulong A20Mask;

    /// <summary>The pseudo-random generator behind RDRAND under the deterministic clock.</summary>
    public ulong RandomState;

    /// <summary>DR6 bits of debug traps that are due after the running instruction (breakpoints 0–3, BS, BT).</summary>
    public ulong PendingDebugBits;

    /// <summary>The running engine's own object for this CPU, a GCHandle as an integer.</summary>
    public nint EngineContext;

    /// <summary>Room for emitted code: the host's registers at a side exit, spilled values, and the exit's number.</summary>
    public fixed ulong SaveArea[64];
}

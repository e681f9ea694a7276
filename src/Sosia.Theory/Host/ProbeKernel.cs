using Sosia.Isa.X86;
using Sosia.Isa.X86.State;

namespace Sosia.Theory.Host;

/// <summary>
/// The kernel of the small machine, which consists of tables alone: descriptors and gates as 64-bit Linux has them, page tables, task state, and for every vector and system
/// call a handler of one HLT, whose address says what has happened (SDM vol. 3, chapters 2 to 7).
/// </summary>
internal static unsafe class ProbeKernel
{
    /// <summary>Where its memory is, guest physical and virtual; user mode cannot reach it.</summary>
    public const uint Address = 0x2000_0000;

    /// <summary>The size of its memory.</summary>
    public const int ByteCount = 0x1_0000;

    /// <summary>Vectors below this one are the processor's own.</summary>
    public const int ExceptionCount = 32;

    // The other machine's tables are a page behind.
    private const uint Gdt = Address;
    private const uint Idt = Address + 0x2000;
    private const uint TaskState = Address + 0x4000;
    private const uint PageMapLevel4 = Address + 0x5000;
    private const uint PageDirectoryPointers = Address + 0x6000;
    private const uint PageDirectory = Address + 0x7000;
    private const uint Handlers = Address + 0x8000;
    private const uint HandlersEnd = Handlers + (256 * HandlerByteCount);
    private const uint SyscallHandler = HandlersEnd;
    private const uint SysenterHandler = HandlersEnd + HandlerByteCount;
    private const uint HandlerByteCount = 16;
    private const uint KernelStack = Address + 0xf000;
    private const uint GateStack = Address + 0xf800;
    private const byte Halt = 0xf4;

    // Linux's table; the other machine's begins with more empty slots.
    private const int KernelCode32 = 0x08;
    private const int KernelCode64 = 0x10;
    private const int KernelData = 0x18;
    private const int TaskSelector = 0x40;
    private const int CpuNumberSelector = 0x78;
    private const int OtherShift = 0x18;
    private const int GdtByteCount = 0x80;
    private const ushort IdtLimit = 0xfff;

    private const ulong Code32Descriptor = 0x00cf_9b00_0000_ffff;
    private const ulong Code64Descriptor = 0x00af_9b00_0000_ffff;
    private const ulong DataDescriptor = 0x00cf_9300_0000_ffff;
    private const ulong CpuNumberDescriptor = 0x0040_f500_0000_0000;
    private const ulong UserLevel = 3UL << 45;
    private const int TaskStateLimit = 0x67;

    private const ulong PageUser = 7;
    private const ulong PageSupervisor = 3;
    private const ulong PageLarge = 0x80;

    /// <summary>Limit and address of the machine's descriptor table; the other machine's is a page behind.</summary>
    public static (ushort Limit, uint Address) DescriptorTable => (GdtByteCount + OtherShift - 1, Gdt);

    /// <summary>Limit and address of the machine's interrupt table.</summary>
    public static (ushort Limit, uint Address) InterruptTable => (IdtLimit, Idt);

    /// <summary>The vector whose handler's HLT an instruction pointer is after; −1 for other places.</summary>
    public static int VectorOf(ulong rip) => rip > Handlers && rip <= HandlersEnd ? (int)((rip - 1 - Handlers) / HandlerByteCount) : -1;

    /// <summary>True after the HLT of SYSCALL's or SYSENTER's handler.</summary>
    public static bool IsServiceEntry(ulong rip) => rip is SyscallHandler + 1 or SysenterHandler + 1;

    /// <summary>True for exceptions that push an error code.</summary>
    public static bool HasErrorCode(int vector)
        => vector is ExceptionVector.DoubleFault or ExceptionVector.AlignmentCheck or (>= ExceptionVector.InvalidTss and <= ExceptionVector.PageFault);

    /// <summary>Brings a processor, just reset, into the state in which the kernel has just started the snippet.</summary>
    /// <param name="cpu">The processor.</param>
    /// <param name="snippet">The snippet.</param>
    /// <param name="privilegeLevel">3, or 0.</param>
    /// <param name="umip">CR4.UMIP.</param>
    /// <param name="isOther">Whether it is the other machine's.</param>
    public static void SetUp(X86Cpu cpu, Snippet snippet, int privilegeLevel, bool umip, bool isOther)
    {
        int shift = isOther ? OtherShift : 0;
        uint page = isOther ? 0x1000u : 0;
        WriteTables(cpu, shift, page);
        X86State* st = cpu.State;
        SetControlRegisters(st, umip, isOther, page, shift);
        CellRegisters registers = snippet.Registers;
        for (int i = 0; i < 16; i++)
        {
            st->Gpr[i] = registers.General[i];
        }

        st->Rip = registers.Rip;
        cpu.Rflags = registers.Rflags | (isOther ? ControlBits.Iopl : 0);
        bool is64 = snippet.CodeBits == 64;
        bool isUser = privilegeLevel == 3;
        ulong level = isUser ? UserLevel : 0;
        int code = isUser ? registers.Segments[1] : is64 ? KernelCode64 : KernelCode32;
        int data = isUser ? SnippetMaker.UserData : KernelData;
        Load(ref st->Cs, code + shift, (is64 ? Code64Descriptor : Code32Descriptor) | level);
        Load(ref st->Ss, data + shift, DataDescriptor | level);
        Load(ref st->Es, registers.Segments[0] == 0 && !isOther ? 0 : data + shift, DataDescriptor | level);
        Load(ref st->Ds, registers.Segments[3] == 0 && !isOther ? 0 : data + shift, DataDescriptor | level);
        Load(ref st->Fs, registers.Segments[4] == 0 && !isOther ? 0 : data + shift, DataDescriptor | level);
        Load(ref st->Gs, registers.Segments[5] == 0 && !isOther ? 0 : data + shift, DataDescriptor | level);
        st->Cpl = privilegeLevel;
        cpu.UpdateMode();
        cpu.FlushTlb(keepGlobal: false);
    }

    private static void SetControlRegisters(X86State* st, bool umip, bool isOther, uint page, int shift)
    {
        st->Cr0 = ControlBits.Cr0Pe | ControlBits.Cr0Mp | ControlBits.Cr0Et | ControlBits.Cr0Ne | ControlBits.Cr0Wp | ControlBits.Cr0Am | ControlBits.Cr0Pg;
        st->Cr4 = ControlBits.Cr4Pae | ControlBits.Cr4Osfxsr | ControlBits.Cr4Osxmmexcpt | ControlBits.Cr4Osxsave | ControlBits.Cr4Fsgsbase;
        st->Cr4 |= umip ? ControlBits.Cr4Umip : 0;
        st->Cr3 = PageMapLevel4;
        st->Efer = ControlBits.EferSce | ControlBits.EferLme | ControlBits.EferLma | ControlBits.EferNxe;
        st->Xcr0 = isOther ? 3UL : 7;
        st->GdtrBase = Gdt + page;
        st->GdtrLimit = GdtByteCount + OtherShift - 1;
        st->IdtrBase = Idt + page;
        st->IdtrLimit = IdtLimit;
        st->Star = ((ulong)(SnippetMaker.UserCode32 + shift) << 48) | ((ulong)(KernelCode64 + shift) << 32);
        st->Lstar = SyscallHandler;
        st->SysenterCs = (ulong)(KernelCode64 + shift);
        st->SysenterEsp = KernelStack;
        st->SysenterEip = SysenterHandler;
        st->Tr = new SegmentRegister { Selector = (ushort)(TaskSelector + shift), Base = TaskState, Limit = TaskStateLimit, Attributes = SegmentRegister.Present | 0xb };
        st->Ldtr = default;
        if (isOther)
        {
            st->Cr0 &= ~ControlBits.Cr0Am;
            st->Ldtr = new SegmentRegister { Selector = TaskSelector, Attributes = SegmentRegister.Present | 2 };
            st->TscOffset += 1UL << 40;
            st->TscAux = 1;
        }
    }

    private static void WriteTables(X86Cpu cpu, int shift, uint page)
    {
        void Put(uint address, ulong value) => cpu.Memory.Write(address, 8, value);
        uint gdt = Gdt + page + (uint)shift;
        Put(gdt + KernelCode32, Code32Descriptor);
        Put(gdt + KernelCode64, Code64Descriptor);
        Put(gdt + KernelData, DataDescriptor);
        Put(gdt + (SnippetMaker.UserCode32 & ~3u), Code32Descriptor | UserLevel);
        Put(gdt + (SnippetMaker.UserData & ~3u), DataDescriptor | UserLevel);
        Put(gdt + (SnippetMaker.UserCode64 & ~3u), Code64Descriptor | UserLevel);
        Put(gdt + TaskSelector, (ulong)TaskStateLimit | ((ulong)(TaskState & 0xff_ffff) << 16) | 0x8bUL << 40 | ((ulong)(TaskState >> 24) << 56));
        Put(gdt + CpuNumberSelector, CpuNumberDescriptor);
        for (uint vector = 0; vector < 256; vector++)
        {
            // Linux lets programs raise #BP, #OF and its own system call.
            ulong access = vector is 3 or 4 or 0x80 ? 0xeeUL : 0x8e;
            uint handler = Handlers + (vector * HandlerByteCount);
            // By the interrupt stack table's first stack, so that the snippet's own stays as it was.
            Put(Idt + page + (vector * 16), (handler & 0xffff) | ((ulong)(KernelCode64 + shift) << 16) | (1UL << 32) | (access << 40) | ((ulong)(handler >> 16) << 48));
        }

        for (uint handler = Handlers; handler <= SysenterHandler; handler += HandlerByteCount)
        {
            cpu.Memory.Write(handler, 1, Halt);
        }

        Put(TaskState + 4, KernelStack);
        Put(TaskState + 0x24, GateStack);
        cpu.Memory.Write(TaskState + 0x66, 2, TaskStateLimit + 1);
        // 2 MiB pages: the cell's program and memory for everybody, the rest for the kernel.
        Put(PageMapLevel4, PageDirectoryPointers | PageUser);
        Put(PageDirectoryPointers, PageDirectory | PageUser);
        for (uint i = 0; i < 512; i++)
        {
            ulong physical = (ulong)i << 21;
            Put(PageDirectory + (8 * i), physical | PageLarge | (physical < Address ? PageUser : PageSupervisor));
        }
    }

    private static void Load(ref SegmentRegister segment, int selector, ulong descriptor)
    {
        segment = default;
        segment.Selector = (ushort)selector;
        if (selector != 0)
        {
            segment.Limit = uint.MaxValue;
            segment.Attributes = (ushort)(((descriptor >> 40) & 0xff) | ((descriptor >> 44) & 0xf00));
        }

        segment.UpdateFastLimits();
    }
}

using Sosia.Isa.X86.Execution;

namespace Sosia.Isa.X86;

/// <summary>Loads and stores of segment registers (SDM vol. 2, MOV, PUSH, POP, LDS/LES/LFS/LGS/LSS).</summary>
internal static unsafe class SegmentLoads
{
    private const int Cs = 1;
    private const int Ss = 2;

    /// <summary>MOV Sreg, r/m16.</summary>
    public static void MoveTo(X86Cpu cpu, Op* op)
    {
        int number = op->Third;
        if (number is Cs or > 5)
        {
            cpu.FaultUndefined();
        }
        else if (OperandForm.Read(cpu.State, op, op->Source, 2, out ulong selector))
        {
            Load(cpu, number, (ushort)selector);
        }
    }

    /// <summary>MOV r/m, Sreg: 16 bits to memory, zero-extended to a register.</summary>
    public static void MoveFrom(X86Cpu cpu, Op* op)
    {
        int number = op->Third;
        if (number > 5)
        {
            cpu.FaultUndefined();
            return;
        }

        ulong selector = cpu.SegmentAt(number).Selector;
        if (OperandForm.IsMemory(op))
        {
            OperandForm.WriteMemory(cpu.State, op, 0, 2, selector);
        }
        else
        {
            OperandForm.SetRegister(cpu.State, op->Destination, OperandForm.ByteCount(op), selector);
        }
    }

    /// <summary>PUSH Sreg.</summary>
    public static void Push(X86Cpu cpu, Op* op)
    {
        // A push of 32 or 64 bits writes the whole slot, upper bits zero: recent processors write only 16 bits of it, the manual allows both.
        var stack = new StackFrame(cpu);
        if (stack.Push(OperandForm.ByteCount(op), cpu.SegmentAt(op->Third).Selector))
        {
            cpu.State->Gpr[4] = stack.Pointer;
        }
    }

    /// <summary>POP Sreg.</summary>
    public static void Pop(X86Cpu cpu, Op* op)
    {
        var stack = new StackFrame(cpu);
        int number = op->Third;
        if (stack.Pop(OperandForm.ByteCount(op), out ulong selector) && Load(cpu, number, (ushort)selector))
        {
            // The pointer moves by the width that the stack had before a new SS was loaded.
            cpu.State->Gpr[4] = stack.Pointer;
        }
    }

    /// <summary>LES.</summary>
    public static void Les(X86Cpu cpu, Op* op) => LoadPointer(cpu, op, 0);

    /// <summary>LSS.</summary>
    public static void Lss(X86Cpu cpu, Op* op) => LoadPointer(cpu, op, Ss);

    /// <summary>LDS.</summary>
    public static void Lds(X86Cpu cpu, Op* op) => LoadPointer(cpu, op, 3);

    /// <summary>LFS.</summary>
    public static void Lfs(X86Cpu cpu, Op* op) => LoadPointer(cpu, op, 4);

    /// <summary>LGS.</summary>
    public static void Lgs(X86Cpu cpu, Op* op) => LoadPointer(cpu, op, 5);

    private static void LoadPointer(X86Cpu cpu, Op* op, int number)
    {
        if (FarTransfer.ReadPointer(cpu, op, out ushort selector, out ulong offset) && cpu.LoadSegment(number, selector))
        {
            OperandForm.SetRegister(cpu.State, op->Destination, OperandForm.ByteCount(op), offset);
        }
    }

    private static bool Load(X86Cpu cpu, int number, ushort selector)
    {
        if (!cpu.LoadSegment(number, selector))
        {
            return false;
        }

        if (number == Ss)
        {
            // The next instruction shall set the stack pointer undisturbed (SDM vol. 3, 6.8.3); LSS needs no such shadow.
            cpu.OpenShadow(hidesDebug: true);
        }

        return true;
    }
}

using Sosia.Isa.X86.Execution;
using Sosia.Isa.X86.State;

namespace Sosia.Isa.X86.Semantics.Misc;

/// <summary>Decimal adjustment (SDM vol. 2, AAA, AAD, AAM, AAS, DAA, DAS). Undefined flags are as Intel processors leave them where that is known.</summary>
internal static unsafe class Decimal
{
    /// <summary>DAA.</summary>
    public static void Daa(X86Cpu cpu, Op* op)
    {
        ReadAccumulator(cpu, out uint al, out uint cf, out uint af);
        uint adjusted = al;
        uint carry = 0;
        uint half = 0;
        if ((al & 15) > 9 || af != 0)
        {
            adjusted += 6;
            half = 1;
        }

        if (al > 0x99 || cf != 0)
        {
            adjusted += 0x60;
            carry = 1;
        }

        Store(cpu, (byte)adjusted, carry, half);
    }

    /// <summary>DAS.</summary>
    public static void Das(X86Cpu cpu, Op* op)
    {
        ReadAccumulator(cpu, out uint al, out uint cf, out uint af);
        uint adjusted = al;
        uint carry = 0;
        uint half = 0;
        if ((al & 15) > 9 || af != 0)
        {
            carry = cf | (al < 6 ? 1u : 0u);
            adjusted -= 6;
            half = 1;
        }

        if (al > 0x99 || cf != 0)
        {
            adjusted -= 0x60;
            carry = 1;
        }

        Store(cpu, (byte)adjusted, carry, half);
    }

    /// <summary>AAA.</summary>
    public static void Aaa(X86Cpu cpu, Op* op) => AdjustUnpacked(cpu, 0x106);

    /// <summary>AAS.</summary>
    public static void Aas(X86Cpu cpu, Op* op) => AdjustUnpacked(cpu, -0x106);

    /// <summary>AAM; #DE when the base is 0.</summary>
    public static void Aam(X86Cpu cpu, Op* op)
    {
        byte radix = (byte)op->Immediate;
        if (radix == 0)
        {
            cpu.Fault(ExceptionVector.DivideError);
            return;
        }

        byte al = (byte)cpu.State->Gpr[0];
        *(ushort*)&cpu.State->Gpr[0] = (ushort)(((al / radix) << 8) | (al % radix));
        SetFlags(cpu.State, (byte)(al % radix), 0, 0);
    }

    /// <summary>AAD.</summary>
    public static void Aad(X86Cpu cpu, Op* op)
    {
        uint ax = (ushort)cpu.State->Gpr[0];
        ulong al = ax & 0xff;
        ulong product = (byte)((ax >> 8) * (byte)op->Immediate);
        ulong result = (byte)(al + product);
        *(ushort*)&cpu.State->Gpr[0] = (ushort)result;
        // The flags of the 8-bit addition, also those that the manual leaves undefined.
        var s = new Interpreting<Width8, InRegister, InRegister>(cpu.State, op);
        FlagMath.SetAdd(ref s, al, product, result);
    }

    private static void AdjustUnpacked(X86Cpu cpu, int adjustment)
    {
        ReadAccumulator(cpu, out uint al, out _, out uint af);
        ushort ax = (ushort)cpu.State->Gpr[0];
        uint carry = 0;
        if ((al & 15) > 9 || af != 0)
        {
            ax = (ushort)(ax + adjustment);
            carry = 1;
        }

        *(ushort*)&cpu.State->Gpr[0] = (ushort)(ax & 0xff0f);
        SetFlags(cpu.State, (byte)(ax & 15), carry, carry);
    }

    private static void ReadAccumulator(X86Cpu cpu, out uint al, out uint cf, out uint af)
    {
        al = (byte)cpu.State->Gpr[0];
        cf = (uint)LazyFlags.GetCf(cpu.State->FlagCarries);
        af = (uint)LazyFlags.GetAf(cpu.State->FlagCarries);
    }

    private static void Store(X86Cpu cpu, byte al, uint carry, uint half)
    {
        *(byte*)&cpu.State->Gpr[0] = al;
        SetFlags(cpu.State, al, carry, half);
    }

    private static void SetFlags(X86State* state, byte result, uint carry, uint half)
    {
        state->FlagResult = (ulong)(sbyte)result;
        state->FlagCarries = LazyFlags.FromBits(carry, 0, half);
    }
}

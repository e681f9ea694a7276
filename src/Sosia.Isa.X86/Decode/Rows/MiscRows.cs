using Sosia.Isa.X86.Semantics.Misc;
using static Sosia.Isa.X86.Decode.InstructionBinding;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Decimal adjustment, flags, frames, hints, barriers and other user-level instructions (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class MiscRows
{
    public static void Add(RowBuilder t)
    {
        t.Family("decimal");
        t.Row("27", "daa", "", Helper(&Decimal.Daa), RowFlags.Not64);
        t.Row("2F", "das", "", Helper(&Decimal.Das), RowFlags.Not64);
        t.Row("37", "aaa", "", Helper(&Decimal.Aaa), RowFlags.Not64);
        t.Row("3F", "aas", "", Helper(&Decimal.Aas), RowFlags.Not64);
        t.Row("D4", "aam", "Ib", Helper(&Decimal.Aam), RowFlags.Not64);
        t.Row("D5", "aad", "Ib", Helper(&Decimal.Aad), RowFlags.Not64);

        t.Family("flags");
        t.Row("F5", "cmc", "", Unary<Cmc>());
        t.Row("F8", "clc", "", Unary<Clc>());
        t.Row("F9", "stc", "", Unary<Stc>());
        t.Row("FC", "cld", "", Helper(&General.Cld, &SystemRecording.EmitCld));
        t.Row("FD", "std", "", Helper(&General.Std));
        t.Row("9E", "sahf", "", Unary<Sahf>(), feature: CpuFeature.Lahf64);
        t.Row("9F", "lahf", "", Unary<Lahf>(), feature: CpuFeature.Lahf64);
        t.Row("D6", "salc", "", Unary<Salc>(), RowFlags.Not64);

        t.Family("misc");
        t.Row("D7", "xlat", "", Helper(&General.Xlat));
        t.Row("62 /r", "bound", "Gv,M", Helper(&General.Bound), RowFlags.Not64);
        t.Row("C8", "enter", "Iw,Ib", Helper(&Frames.Enter), RowFlags.Default64);
        t.Row("60", "pusha", "", Helper(&Frames.PushAll), RowFlags.Not64);
        t.Row("61", "popa", "", Helper(&Frames.PopAll), RowFlags.Not64);
        t.Row("0F C7 /1", "cmpxchg8b", "Mq", Helper(&General.CompareExchange8), RowFlags.Lockable, feature: CpuFeature.Cx8);
        t.Row("REX.W 0F C7 /1", "cmpxchg16b", "Mx", Helper(&General.CompareExchange16), RowFlags.Lockable, feature: CpuFeature.Cx16);
        t.Row("NP 0F C7 /6", "rdrand", "Rv", Helper(&General.Rdrand), feature: CpuFeature.Rdrand);
        t.Row("66 0F C7 /6", "rdrand", "Rv", Helper(&General.Rdrand), feature: CpuFeature.Rdrand);

        t.Family("hint");
        t.Row("REX.B0 90", "nop", "", Unary<Nop>());
        t.Row("F3 REX.B0 90", "pause", "", Helper(&General.Pause));
        t.Row("0F 0D /r", "prefetchw", "Ev", Unary<Nop>(), RowFlags.AddressOnly);
        t.Row("0F 18 /0", "prefetchnta", "M", Unary<Nop>(), RowFlags.AddressOnly);
        t.Row("0F 18 /1", "prefetcht0", "M", Unary<Nop>(), RowFlags.AddressOnly);
        t.Row("0F 18 /2", "prefetcht1", "M", Unary<Nop>(), RowFlags.AddressOnly);
        t.Row("0F 18 /3", "prefetcht2", "M", Unary<Nop>(), RowFlags.AddressOnly);
        for (int opcode = 0x18; opcode <= 0x1f; opcode++)
        {
            t.Row($"0F {opcode:X2} /r", "nop", "Ev", Unary<Nop>(), RowFlags.AddressOnly);
        }

        t.Row("NP 0F AE E8+i", "lfence", "", Unary<Nop>(), feature: CpuFeature.Sse2);
        t.Row("NP 0F AE F0+i", "mfence", "", Unary<Nop>(), feature: CpuFeature.Sse2);
        t.Row("NP 0F AE F8+i", "sfence", "", Unary<Nop>(), feature: CpuFeature.Sse);
        t.Row("NP 0F AE /7", "clflush", "Mb", Helper(&General.Clflush), feature: CpuFeature.Clflush);
    }
}

using static Sosia.Isa.X86.Decode.InstructionBinding;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Input and output (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class IoRows
{
    public static void Add(RowBuilder t)
    {
        const VirtualizationClass Withholdable = VirtualizationClass.Withholdable;
        t.Family("io");
        t.Row("E4", "in", "AL,Ib", Helper(&PortIo.InByteImmediate), RowFlags.UnsignedImmediate, Withholdable);
        t.Row("E5", "in", "eAX,Ib", Helper(&PortIo.InImmediate), RowFlags.UnsignedImmediate, Withholdable);
        t.Row("EC", "in", "AL,DX", Helper(&PortIo.InByte), kind: Withholdable);
        t.Row("ED", "in", "eAX,DX", Helper(&PortIo.In), kind: Withholdable);
        t.Row("E6", "out", "Ib,AL", Helper(&PortIo.OutByteImmediate), RowFlags.UnsignedImmediate, Withholdable);
        t.Row("E7", "out", "Ib,eAX", Helper(&PortIo.OutImmediate), RowFlags.UnsignedImmediate, Withholdable);
        t.Row("EE", "out", "DX,AL", Helper(&PortIo.OutByte), kind: Withholdable);
        t.Row("EF", "out", "DX,eAX", Helper(&PortIo.Out), kind: Withholdable);
        t.Row("6C", "insb", "", Helper(&PortIo.InsByte), kind: Withholdable);
        t.Row("6D", "ins", "", Helper(&PortIo.Ins), kind: Withholdable);
        t.Row("6E", "outsb", "", Helper(&PortIo.OutsByte), kind: Withholdable);
        t.Row("6F", "outs", "", Helper(&PortIo.Outs), kind: Withholdable);
    }
}

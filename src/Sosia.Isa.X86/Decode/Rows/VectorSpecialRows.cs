using Sosia.Isa.X86.Semantics.Vector;
using static Sosia.Isa.X86.Semantics.Vector.VectorBindings;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Strings, variable blends, AES and carry-less multiplication on XMM registers (SDM vol. 2, each under its mnemonic).</summary>
internal static unsafe class VectorSpecialRows
{
    private const RowFlags Immediate = RowFlags.UnsignedImmediate;

    public static void Add(RowBuilder t)
    {
        t.Family("sse4.1", CpuFeature.Sse41);
        t.Row("66 0F 38 10 /r", "pblendvb", "Vx,Wx,XMM0", BlendVariable.Bytes);
        t.Family("sse4.2", CpuFeature.Sse42);
        t.Row("66 0F 3A 60 /r", "pcmpestrm", "Vx,Wx,Ib", InstructionBinding.Helper(&StringCompare.Pcmpestrm), Immediate);
        t.Row("66 REX.W 0F 3A 60 /r", "pcmpestrm", "Vx,Wx,Ib", InstructionBinding.Helper(&StringCompare.Pcmpestrm64), Immediate);
        t.Row("66 0F 3A 61 /r", "pcmpestri", "Vx,Wx,Ib", InstructionBinding.Helper(&StringCompare.Pcmpestri), Immediate);
        t.Row("66 REX.W 0F 3A 61 /r", "pcmpestri", "Vx,Wx,Ib", InstructionBinding.Helper(&StringCompare.Pcmpestri64), Immediate);
        t.Row("66 0F 3A 62 /r", "pcmpistrm", "Vx,Wx,Ib", InstructionBinding.Helper(&StringCompare.Pcmpistrm), Immediate);
        t.Row("66 0F 3A 63 /r", "pcmpistri", "Vx,Wx,Ib", InstructionBinding.Helper(&StringCompare.Pcmpistri), Immediate);
        t.Family("aes", CpuFeature.Aes);
        t.Row("66 0F 38 DB /r", "aesimc", "Vx,Wx", XmmUnary<Aesimc>());
        t.Row("66 0F 38 DC /r", "aesenc", "Vx,Wx", Xmm<Aesenc>());
        t.Row("66 0F 38 DD /r", "aesenclast", "Vx,Wx", Xmm<Aesenclast>());
        t.Row("66 0F 38 DE /r", "aesdec", "Vx,Wx", Xmm<Aesdec>());
        t.Row("66 0F 38 DF /r", "aesdeclast", "Vx,Wx", Xmm<Aesdeclast>());
        t.Row("66 0F 3A DF /r", "aeskeygenassist", "Vx,Wx,Ib", XmmImmediate<Aeskeygenassist>(), Immediate);
        t.Family("pclmulqdq", CpuFeature.Pclmul);
        t.Row("66 0F 3A 44 /r", "pclmulqdq", "Vx,Wx,Ib", XmmImmediate<Pclmulqdq>(), Immediate);
    }
}

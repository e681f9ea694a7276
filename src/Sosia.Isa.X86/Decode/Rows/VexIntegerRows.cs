using Sosia.Isa.X86.Semantics.Vector;
using static Sosia.Isa.X86.Semantics.Vector.VectorBindings;
using static Sosia.Isa.X86.Semantics.Vector.WideBindings;

namespace Sosia.Isa.X86.Decode.Rows;

/// <summary>Integer instructions with a VEX prefix that <see cref="VectorIntegerRows"/> does not declare with their SSE forms (SDM vol. 2).</summary>
internal static unsafe class VexIntegerRows
{
    private const CpuFeature Avx = CpuFeature.Avx;
    private const CpuFeature Avx2 = CpuFeature.Avx2;

    public static void Add(RowBuilder t)
    {
        t.Lanes<Pshufd>("66.0F.WIG 70 /r", "pshufd", Avx2, "Vx,Wx,Ib");
        t.Lanes<Pshufhw>("F3.0F.WIG 70 /r", "pshufhw", Avx2, "Vx,Wx,Ib");
        t.Lanes<Pshuflw>("F2.0F.WIG 70 /r", "pshuflw", Avx2, "Vx,Wx,Ib");
        t.Lanes<OfSource<Psrldq>>("66.0F.WIG 73 /3", "psrldq", Avx2, "Hx,Ux,Ib");
        t.Lanes<OfSource<Pslldq>>("66.0F.WIG 73 /7", "pslldq", Avx2, "Hx,Ux,Ib");
        t.Lanes<Palignr>("66.0F3A.WIG 0F /r", "palignr", Avx2, "Vx,Hx,Wx,Ib");
        t.Lanes<Pblendw>("66.0F3A.WIG 0E /r", "pblendw", Avx2, "Vx,Hx,Wx,Ib");
        t.Lanes<Mpsadbw, Three>("66.0F3A.WIG 42 /r", "mpsadbw", Avx2, "Vx,Hx,Wx,Ib");
        t.Vex(Avx, "L0.66.0F38.WIG 41 /r", "phminposuw", "Vx,Wx", VexUnary<Phminposuw, FromMemory16>());
        t.Vex(Avx, "L0.66.0F38.WIG 17 /r", "ptest", "Vx,Wx", Test<Ptest>(), RowFlags.ReadsOnly);
        t.Vex(Avx, "L1.66.0F38.WIG 17 /r", "ptest", "Vx,Wx", WideTest<Ptest>(), RowFlags.ReadsOnly);
        t.Vex(Avx, "L0.66.0F38.W0 0E /r", "testps", "Vx,Wx", Test<Testps>(), RowFlags.ReadsOnly);
        t.Vex(Avx, "L1.66.0F38.W0 0E /r", "testps", "Vx,Wx", WideTest<Testps>(), RowFlags.ReadsOnly);
        t.Vex(Avx, "L0.66.0F38.W0 0F /r", "testpd", "Vx,Wx", Test<Testpd>(), RowFlags.ReadsOnly);
        t.Vex(Avx, "L1.66.0F38.W0 0F /r", "testpd", "Vx,Wx", WideTest<Testpd>(), RowFlags.ReadsOnly);
        t.Lanes<Blendps, Four>("66.0F3A.W0 02 /r", "pblendd", Avx2, "Vx,Hx,Wx,Ib");
        t.Lanes<OfBinary<Psrlvd>>("66.0F38.W0 45 /r", "psrlvd", Avx2);
        t.Lanes<OfBinary<Psrlvq>>("66.0F38.W1 45 /r", "psrlvq", Avx2);
        t.Lanes<OfBinary<Psravd>>("66.0F38.W0 46 /r", "psravd", Avx2);
        t.Lanes<OfBinary<Psllvd>>("66.0F38.W0 47 /r", "psllvd", Avx2);
        t.Lanes<OfBinary<Psllvq>>("66.0F38.W1 47 /r", "psllvq", Avx2);
        t.Vex(Avx2, "L1.66.0F38.W0 36 /r", "permd", "Vx,Hx,Wx", Ymm<PermuteDoublewords>());
        t.Vex(Avx2, "L1.66.0F38.W0 16 /r", "permps", "Vx,Hx,Wx", Ymm<PermuteDoublewords>());
        t.Vex(Avx2, "L1.66.0F3A.W1 00 /r", "permq", "Vx,Wx,Ib", Ymm<PermuteQuadwords>());
        t.Vex(Avx2, "L1.66.0F3A.W1 01 /r", "permpd", "Vx,Wx,Ib", Ymm<PermuteQuadwords>());
        Blend<sbyte>(t, "4C", "pblendvb", Avx2);
        Blend<int>(t, "4A", "blendvps", Avx);
        Blend<long>(t, "4B", "blendvpd", Avx);
        AddStrings(t);
        AddCiphers(t);
    }

    private static void AddStrings(RowBuilder t)
    {
        t.Vex(Avx, "L0.66.0F3A.W1 60 /r", "pcmpestrm", "Vx,Wx,Ib", InstructionBinding.Helper(&StringCompare.Pcmpestrm64), RowFlags.Only64);
        t.Vex(Avx, "L0.66.0F3A.WIG 60 /r", "pcmpestrm", "Vx,Wx,Ib", InstructionBinding.Helper(&StringCompare.Pcmpestrm));
        t.Vex(Avx, "L0.66.0F3A.W1 61 /r", "pcmpestri", "Vx,Wx,Ib", InstructionBinding.Helper(&StringCompare.Pcmpestri64), RowFlags.Only64);
        t.Vex(Avx, "L0.66.0F3A.WIG 61 /r", "pcmpestri", "Vx,Wx,Ib", InstructionBinding.Helper(&StringCompare.Pcmpestri));
        t.Vex(Avx, "L0.66.0F3A.WIG 62 /r", "pcmpistrm", "Vx,Wx,Ib", InstructionBinding.Helper(&StringCompare.Pcmpistrm));
        t.Vex(Avx, "L0.66.0F3A.WIG 63 /r", "pcmpistri", "Vx,Wx,Ib", InstructionBinding.Helper(&StringCompare.Pcmpistri));
    }

    private static void AddCiphers(RowBuilder t)
    {
        const CpuFeature Aes = CpuFeature.Aes;
        t.Vex(Aes, "L0.66.0F38.WIG DB /r", "aesimc", "Vx,Wx", VexUnary<Aesimc, FromMemory16>());
        t.Vex(Aes, "L0.66.0F38.WIG DC /r", "aesenc", "Vx,Hx,Wx", VexWith<OfBinary<Aesenc>, FromMemory16>());
        t.Vex(Aes, "L0.66.0F38.WIG DD /r", "aesenclast", "Vx,Hx,Wx", VexWith<OfBinary<Aesenclast>, FromMemory16>());
        t.Vex(Aes, "L0.66.0F38.WIG DE /r", "aesdec", "Vx,Hx,Wx", VexWith<OfBinary<Aesdec>, FromMemory16>());
        t.Vex(Aes, "L0.66.0F38.WIG DF /r", "aesdeclast", "Vx,Hx,Wx", VexWith<OfBinary<Aesdeclast>, FromMemory16>());
        t.Vex(Aes, "L0.66.0F3A.WIG DF /r", "aeskeygenassist", "Vx,Wx,Ib", VexWith<Aeskeygenassist, FromMemory16>());
        t.Vex(CpuFeature.Pclmul, "L0.66.0F3A.WIG 44 /r", "pclmulqdq", "Vx,Hx,Wx,Ib", VexWith<Pclmulqdq, FromMemory16>());
    }

    private static void Blend<TElement>(RowBuilder t, string opcode, string mnemonic, CpuFeature wide)
        where TElement : unmanaged
    {
        t.Vex(Avx, $"L0.66.0F3A.W0 {opcode} /r", mnemonic, "Vx,Hx,Wx,Lx", BlendVariable.Vex<TElement>());
        t.Vex(wide, $"L1.66.0F3A.W0 {opcode} /r", mnemonic, "Vx,Hx,Wx,Lx", BlendVariable.Wide<TElement>());
    }

    private static InstructionBinding Test<TInsn>()
        where TInsn : struct, IVectorBinary => From<OfBinary<TInsn>, Vex<ToFlags>, FromXmm, FromMemory16>();

    private static InstructionBinding WideTest<TInsn>()
        where TInsn : struct, IVectorBinary => WideFrom<BothFlags<OfBinary<TInsn>>, Narrow<ToFlags>, FromYmm, FromMemory32>();
}

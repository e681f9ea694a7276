using System;
using System.Collections.Generic;
using System.Linq;
using Sosia.Core;
using Sosia.Isa.X86.Decode;
using Xunit;

namespace Sosia.Isa.X86.Tests;

/// <summary>CPUID tells exactly what is implemented.</summary>
public sealed unsafe class CpuidTests
{
    private enum Register
    {
        Eax,
        Ebx,
        Ecx,
        Edx,
    }

    // Where each feature that has instructions of its own is announced.
    private static readonly Dictionary<CpuFeature, (uint Leaf, uint Subleaf, Register Register, int Bit)> Bits = new()
    {
        [CpuFeature.X87] = (1, 0, Register.Edx, 0),
        [CpuFeature.Tsc] = (1, 0, Register.Edx, 4),
        [CpuFeature.Msr] = (1, 0, Register.Edx, 5),
        [CpuFeature.Cx8] = (1, 0, Register.Edx, 8),
        [CpuFeature.Sep] = (1, 0, Register.Edx, 11),
        [CpuFeature.Cmov] = (1, 0, Register.Edx, 15),
        [CpuFeature.Clflush] = (1, 0, Register.Edx, 19),
        [CpuFeature.Mmx] = (1, 0, Register.Edx, 23),
        [CpuFeature.Fxsr] = (1, 0, Register.Edx, 24),
        [CpuFeature.Sse] = (1, 0, Register.Edx, 25),
        [CpuFeature.Sse2] = (1, 0, Register.Edx, 26),
        [CpuFeature.Sse3] = (1, 0, Register.Ecx, 0),
        [CpuFeature.Pclmul] = (1, 0, Register.Ecx, 1),
        [CpuFeature.Ssse3] = (1, 0, Register.Ecx, 9),
        [CpuFeature.Cx16] = (1, 0, Register.Ecx, 13),
        [CpuFeature.Sse41] = (1, 0, Register.Ecx, 19),
        [CpuFeature.Sse42] = (1, 0, Register.Ecx, 20),
        [CpuFeature.Movbe] = (1, 0, Register.Ecx, 22),
        [CpuFeature.Popcnt] = (1, 0, Register.Ecx, 23),
        [CpuFeature.Aes] = (1, 0, Register.Ecx, 25),
        [CpuFeature.Xsave] = (1, 0, Register.Ecx, 26),
        [CpuFeature.Rdrand] = (1, 0, Register.Ecx, 30),
        [CpuFeature.Fsgsbase] = (7, 0, Register.Ebx, 0),
        [CpuFeature.Bmi1] = (7, 0, Register.Ebx, 3),
        [CpuFeature.Bmi2] = (7, 0, Register.Ebx, 8),
        [CpuFeature.Invpcid] = (7, 0, Register.Ebx, 10),
        [CpuFeature.Adx] = (7, 0, Register.Ebx, 19),
        [CpuFeature.Smap] = (7, 0, Register.Ebx, 20),
        [CpuFeature.Avx] = (1, 0, Register.Ecx, 28),
        [CpuFeature.F16c] = (1, 0, Register.Ecx, 29),
        [CpuFeature.Fma] = (1, 0, Register.Ecx, 12),
        [CpuFeature.Avx2] = (7, 0, Register.Ebx, 5),
        [CpuFeature.Xsaveopt] = (0xd, 1, Register.Eax, 0),
        [CpuFeature.Xsavec] = (0xd, 1, Register.Eax, 1),
        [CpuFeature.Lahf64] = (0x8000_0001, 0, Register.Ecx, 0),
        [CpuFeature.Lzcnt] = (0x8000_0001, 0, Register.Ecx, 5),
        [CpuFeature.Rdtscp] = (0x8000_0001, 0, Register.Edx, 27),
        [CpuFeature.LongMode] = (0x8000_0001, 0, Register.Edx, 29),
    };

    // Announced bits that no instruction depends on, each implemented elsewhere: DE, PSE, PAE, MCE, MTRR, PGE, MCA, PAT, PSE-36; PCID, hypervisor;
    // SMEP, ERMS; UMIP; IBRS, STIBP, ARCH_CAPABILITIES, SSBD; PREFETCHW (base rows); NX, 1 GiB pages, SYSCALL.
    private static readonly Dictionary<(uint Leaf, Register Register), uint> Others = new()
    {
        [(1, Register.Edx)] = (1u << 2) | (1u << 3) | (1u << 6) | (1u << 7) | (1u << 12) | (1u << 13) | (1u << 14) | (1u << 16) | (1u << 17),
        [(1, Register.Ecx)] = (1u << 17) | (1u << 31),
        [(7, Register.Ebx)] = (1u << 7) | (1u << 9),
        [(7, Register.Ecx)] = 1u << 2,
        [(7, Register.Edx)] = (1u << 26) | (1u << 27) | (1u << 29) | (1u << 31),
        [(0x8000_0001, Register.Ecx)] = 1u << 8,
        [(0x8000_0001, Register.Edx)] = (1u << 11) | (1u << 20) | (1u << 26),
    };

    [Fact]
    public void Every_row_belongs_to_an_announced_feature()
    {
        using TestMachine m = Machine();
        foreach (InstructionRow row in InstructionTable.Rows)
        {
            if (row.Feature != CpuFeature.Base)
            {
                Assert.True(Bits.TryGetValue(row.Feature, out (uint Leaf, uint Subleaf, Register Register, int Bit) bit), $"{row}: no CPUID bit is known for {row.Feature}");
                Assert.True((Read(m, bit.Leaf, bit.Subleaf, bit.Register) & (1u << bit.Bit)) != 0, $"{row}: {row.Feature} is not announced");
            }
        }
    }

    [Fact]
    public void Every_announced_feature_has_rows_or_is_accounted_for()
    {
        using TestMachine m = Machine();
        HashSet<CpuFeature> implemented = [.. InstructionTable.Rows.Select(r => r.Feature)];
        foreach (CpuFeature feature in Enum.GetValues<CpuFeature>())
        {
            Assert.True(feature == CpuFeature.Base || implemented.Contains(feature), $"{feature} has no instruction");
        }

        foreach ((uint leaf, Register register) in new[]
        {
            (1u, Register.Ecx), (1u, Register.Edx), (7u, Register.Ebx), (7u, Register.Ecx), (7u, Register.Edx),
            (0x8000_0001u, Register.Ecx), (0x8000_0001u, Register.Edx),
        })
        {
            uint known = Others.GetValueOrDefault((leaf, register));
            foreach ((uint Leaf, uint Subleaf, Register Register, int Bit) bit in Bits.Values)
            {
                known |= bit.Leaf == leaf && bit.Register == register ? 1u << bit.Bit : 0;
            }

            Assert.Equal(known, Read(m, leaf, 0, register));
        }
    }

    [Theory]
    [InlineData("x86-64-v2")]
    [InlineData("x86-64-v3")]
    public void The_model_tells_its_level(string model)
    {
        using TestMachine m = Machine(CpuModel.Find(model));
        CpuidResult zero = CpuidModel.Query(m.Cpu, 0, 0);
        Assert.Equal("GenuineIntel", Text(zero.Ebx, zero.Edx, zero.Ecx));
        CpuidResult hypervisor = CpuidModel.Query(m.Cpu, 0x4000_0000, 0);
        Assert.Equal("SosiaSosia\0\0", Text(hypervisor.Ebx, hypervisor.Ecx, hypervisor.Edx));
        string name = string.Concat(Enumerable.Range(2, 3).Select(i =>
        {
            CpuidResult part = CpuidModel.Query(m.Cpu, 0x8000_0000 + (uint)i, 0);
            return Text(part.Eax, part.Ebx, part.Ecx, part.Edx);
        }));
        Assert.StartsWith("Sosia " + model, name);
        Assert.Equal(0x3028u, CpuidModel.Query(m.Cpu, 0x8000_0008, 0).Eax);
    }

    [Fact]
    public void Beyond_the_last_leaf_the_highest_basic_leaf_answers()
    {
        using TestMachine m = Machine();
        CpuidResult last = CpuidModel.Query(m.Cpu, 0x16, 0);
        Assert.Equal(last, CpuidModel.Query(m.Cpu, 0x17, 0));
        Assert.Equal(last, CpuidModel.Query(m.Cpu, 0x8000_0009, 0));
        Assert.Equal(last, CpuidModel.Query(m.Cpu, 0x4000_0001, 0));
    }

    [Fact]
    public void OSXSAVE_follows_CR4()
    {
        using TestMachine m = Machine();
        Assert.Equal(0u, CpuidModel.Query(m.Cpu, 1, 0).Ecx & (1u << 27));
        Assert.True(m.Cpu.WriteCr4(m.State->Cr4 | ControlBits.Cr4Osxsave));
        Assert.NotEqual(0u, CpuidModel.Query(m.Cpu, 1, 0).Ecx & (1u << 27));
    }

    [Fact]
    public void Level_2_announces_nothing_of_level_3()
    {
        using TestMachine m = Machine(CpuModel.X8664V2);
        foreach (CpuFeature feature in new[] { CpuFeature.Avx, CpuFeature.Avx2, CpuFeature.Fma, CpuFeature.F16c, CpuFeature.Xsavec })
        {
            (uint leaf, uint subleaf, Register register, int bit) = Bits[feature];
            Assert.Equal(0u, Read(m, leaf, subleaf, register) & (1u << bit));
        }

        Assert.Equal(new CpuidResult(3, 576, 576, 0), CpuidModel.Query(m.Cpu, 0xd, 0));
        Assert.Equal(default, CpuidModel.Query(m.Cpu, 0xd, 2));
    }

    [Fact]
    public void Leaf_D_tells_the_sizes_of_what_is_enabled_and_of_all()
    {
        using TestMachine m = Machine();
        m.State->Xcr0 = 3;
        Assert.Equal(new CpuidResult(7, 576, 832, 0), CpuidModel.Query(m.Cpu, 0xd, 0));
        Assert.Equal(new CpuidResult(7, 576, 0, 0), CpuidModel.Query(m.Cpu, 0xd, 1));
        m.State->Xcr0 = 7;
        Assert.Equal(new CpuidResult(7, 832, 832, 0), CpuidModel.Query(m.Cpu, 0xd, 0));
        Assert.Equal(new CpuidResult(7, 832, 0, 0), CpuidModel.Query(m.Cpu, 0xd, 1));
        Assert.Equal(new CpuidResult(256, 576, 0, 0), CpuidModel.Query(m.Cpu, 0xd, 2));
    }

    [Fact]
    public void The_host_like_model_is_level_3_without_what_the_host_lacks()
    {
        using TestMachine m = Machine(CpuModel.HostLike);
        using TestMachine all = Machine();
        foreach (CpuFeature feature in Bits.Keys)
        {
            (uint leaf, uint subleaf, Register register, int bit) = Bits[feature];
            bool expected = feature == CpuFeature.Xsavec || Oracle.NativeFeatures.Has(feature);
            Assert.Equal(expected, (Read(m, leaf, subleaf, register) & (1u << bit)) != 0);
            Assert.NotEqual(0u, Read(all, leaf, subleaf, register) & (1u << bit));
        }
    }

    [Fact]
    public void An_instruction_of_a_feature_that_is_not_announced_is_what_it_was_before()
    {
        ulong features = ulong.MaxValue & ~(1UL << (int)CpuFeature.Lzcnt) & ~(1UL << (int)CpuFeature.Avx2);
        Assert.Equal(DecodeStatus.Ok, Decoder.Decode([0xf3, 0x0f, 0xbd, 0xc0], 64, features, out DecodedInstruction bits));
        Assert.Equal("bsr", bits.Row!.Mnemonic);
        Assert.Equal(DecodeStatus.Ok, Decoder.Decode([0xc5, 0xfd, 0xfc, 0xc0], 64, features, out DecodedInstruction add));
        Assert.Null(add.Row);
    }

    [Fact]
    public void An_unknown_model_is_refused_with_the_names_of_all()
    {
        SosiaException refusal = Assert.Throws<SosiaException>(() => CpuModel.Find("pentium"));
        Assert.Equal("There is no CPU model 'pentium'; there are x86-64-v2, x86-64-v3, host-like.", refusal.Message);
    }

    private static TestMachine Machine(CpuModel? model = null)
    {
        var m = new TestMachine(model: model ?? CpuModel.X8664V3);
        m.EnterLong();
        return m;
    }

    private static uint Read(TestMachine m, uint leaf, uint subleaf, Register register)
    {
        CpuidResult result = CpuidModel.Query(m.Cpu, leaf, subleaf);
        return register switch { Register.Eax => result.Eax, Register.Ebx => result.Ebx, Register.Ecx => result.Ecx, _ => result.Edx };
    }

    private static string Text(params uint[] words) => System.Text.Encoding.ASCII.GetString(words.SelectMany(BitConverter.GetBytes).ToArray());
}

using System;
using System.Buffers.Binary;
using Sosia.Isa.X86.Generation;
using Sosia.Isa.X86.Tests.Fuzz;
using Xunit;

namespace Sosia.Engines.Recompiler.Tests.Fuzz;

/// <summary>Guests that make as much work and waste as they can: they get right results, and the host's memory does not grow with them.</summary>
public sealed class HostileGuestTests
{
    private const int Rax = 0;
    private const int Rbx = 3;
    private const int Rsi = 6;
    private const ulong Code = FuzzMachine.Code;
    private const ulong Elsewhere = 0x10_0000;

    // What the engine keeps besides its caches, which have a size of their own: generous, but less than a leak of one object for each block.
    private const long Tolerance = 24 << 20;

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    public void A_guest_that_rewrites_its_code_for_ever_gets_what_it_wrote_and_leaks_nothing(int warmExecutions)
    {
        // loop: inc eax; mov [value], eax; mov ebx, value; jmp loop
        byte[] code = new CodeBytes()
            .Add(0xff, 0xc0)
            .Add(0x89, 0x05).Add32(1)
            .Add(0xbb).Add32(0)
            .Add(0xeb, 0xf1).ToArray();
        using var guest = new HostileGuest(code, warmExecutions: warmExecutions);
        long Round(int rounds)
        {
            Assert.True(guest.Advance(4 * rounds));
            Assert.Equal(Code, guest.Rip);
            Assert.Equal(guest.Register(Rax), guest.Register(Rbx));
            return GC.GetTotalMemory(forceFullCollection: true);
        }

        long before = Round(50_000);
        long after = Round(250_000);
        Assert.Equal(300_000u, guest.Register(Rbx));
        Assert.InRange(after, 0, before + Tolerance);
        Assert.InRange(guest.Counters.CodeCacheUsedByteCount, 0, RecompilerOptions.MinCacheByteCount);
        Assert.True(guest.AreFencesWhole);
    }

    [Fact]
    public void A_hundred_thousand_blocks_go_through_a_small_cache_again_and_again()
    {
        const int Count = 100_000;
        const int Rounds = 4;
        // Each block: add eax, its number; jmp to the next one. The last jumps back to the code: dec esi; jnz first; spin.
        byte[] blocks = new byte[8 * Count];
        for (int i = 0; i < Count; i++)
        {
            Span<byte> block = blocks.AsSpan(8 * i, 8);
            block[0] = 0x05;
            BinaryPrimitives.WriteInt32LittleEndian(block[1..], i);
            block[5] = 0xeb;
            block[6] = 0x01;
            block[7] = 0x90;
        }

        Span<byte> last = blocks.AsSpan(8 * (Count - 1));
        last[5] = 0x90;
        last[6] = 0xff;
        last[7] = 0xe1; // jmp rcx
        byte[] code = new CodeBytes().Add(0xff, 0xce).Add(0x74, 0x02).Add(0xff, 0xe3).Add(0xeb, 0xfe).ToArray();
        using var guest = new HostileGuest(code);
        guest.Write(Elsewhere, blocks);
        guest.SetRegister(Rbx, Elsewhere);
        guest.SetRegister(1, Code);
        guest.SetRegister(Rsi, Rounds + 1);
        long Round(int rounds)
        {
            Assert.True(guest.Advance(rounds * ((2L * Count) + 4)));
            return GC.GetTotalMemory(forceFullCollection: true);
        }

        long before = Round(1);
        long after = Round(Rounds);
        Assert.Equal(Code + 6, guest.Rip);
        Assert.Equal(unchecked((uint)(Rounds * (Count * (Count - 1L) / 2))), (uint)guest.Register(Rax));
        Assert.InRange(guest.Counters.Translations, Rounds * (Count - 1000L), long.MaxValue);
        Assert.InRange(guest.Counters.CacheFlushes, 10, long.MaxValue);
        Assert.InRange(guest.Counters.CodeCacheUsedByteCount, 0, RecompilerOptions.MinCacheByteCount);
        Assert.InRange(after, 0, before + Tolerance);
        Assert.True(guest.AreFencesWhole);
    }

    [Fact]
    public void A_hundred_thousand_different_blocks_in_one_page_are_written_and_called()
    {
        const int Count = 100_000;
        // eax counts; the block's place in the page is eax * 7 mod 4096 without the last few bytes: lea edx, [rax*8]; sub edx, eax; and edx, ff8h
        // mov dword [rbx+rdx], c3c0ffh (inc eax; ret) with the count's low byte behind; lea rdi, [rbx+rdx]; call rdi; dec esi; jnz
        var code = new CodeBytes();
        code.Add(0x8d, 0x14, 0xc5).Add32(0);
        code.Add(0x29, 0xc2);
        code.Add(0x81, 0xe2).Add32(0xffc);
        code.Add(0xc7, 0x04, 0x13).Add32(0x00c3_c0ff);
        code.Add(0x48, 0x8d, 0x3c, 0x13);
        code.Add(0xff, 0xd7);
        code.Add(0xff, 0xce);
        code.Add(0x75, (byte)-(code.Length + 2));
        code.Add(0xeb, 0xfe);
        using var guest = new HostileGuest(code.ToArray());
        guest.SetRegister(Rbx, Elsewhere);
        guest.SetRegister(Rsi, Count);
        // Ten instructions a turn, those of the block among them.
        Assert.True(guest.Advance((10L * Count) + 5));
        Assert.Equal(Code + (ulong)code.Length - 2, guest.Rip);
        Assert.Equal((uint)Count, (uint)guest.Register(Rax));
        Assert.InRange(guest.Counters.CodeCacheUsedByteCount, 0, RecompilerOptions.MinCacheByteCount);
        Assert.True(guest.AreFencesWhole);
    }

    [Fact]
    public void A_page_with_a_block_at_every_byte_can_be_written_everywhere()
    {
        const int Rounds = 20;
        // A page of RET, every byte of which is called, then written, in turn.
        byte[] page = new byte[4096];
        Array.Fill(page, (byte)0xc3);
        var code = new CodeBytes();
        // round: xor edx, edx
        code.Add(0x31, 0xd2);
        int calls = code.Length;
        // lea rdi, [rbx+rdx]; call rdi; inc edx; cmp edx, 4096; jne
        code.Add(0x48, 0x8d, 0x3c, 0x13, 0xff, 0xd7, 0xff, 0xc2, 0x81, 0xfa).Add32(4096);
        code.Add(0x75, (byte)(calls - (code.Length + 2)));
        // xor edx, edx; mov byte [rbx+rdx], c3h; inc edx; cmp edx, 4096; jne
        code.Add(0x31, 0xd2);
        int writes = code.Length;
        code.Add(0xc6, 0x04, 0x13, 0xc3, 0xff, 0xc2, 0x81, 0xfa).Add32(4096);
        code.Add(0x75, (byte)(writes - (code.Length + 2)));
        // inc eax; dec esi; jnz round; spin
        code.Add(0xff, 0xc0, 0xff, 0xce, 0x75, (byte)-(code.Length + 6), 0xeb, 0xfe);
        using var guest = new HostileGuest(code.ToArray());
        guest.Write(Elsewhere, page);
        guest.SetRegister(Rbx, Elsewhere);
        guest.SetRegister(Rsi, Rounds);
        Assert.True(guest.Advance(Rounds * ((4096L * 10) + 5)));
        Assert.Equal(Code + (ulong)code.Length - 2, guest.Rip);
        Assert.Equal((uint)Rounds, (uint)guest.Register(Rax));
        Assert.True(guest.AreFencesWhole);
    }
}

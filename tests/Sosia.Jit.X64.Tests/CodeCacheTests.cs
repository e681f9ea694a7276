using System;
using System.Threading;
using Sosia.Core;
using Xunit;

namespace Sosia.Jit.X64.Tests;

/// <summary>Code from the cache runs, here and while it is being re-linked.</summary>
public sealed unsafe class CodeCacheTests
{
    private const int CacheByteCount = 1 << 20;

    [Fact]
    public void A_function_runs()
    {
        using var cache = new CodeCache(CacheByteCount);
        var add = (delegate* unmanaged<long, long, long>)Write(cache, a =>
        {
            a.Lea(64, Gpr.Rax, new Mem(Gpr.Rdi, Gpr.Rsi));
            a.Ret();
        });
        Assert.Equal(42, add(40, 2));
        Assert.Equal(long.MinValue, add(long.MaxValue, 1));
    }

    [Fact]
    public void A_loop_with_labels_runs()
    {
        using var cache = new CodeCache(CacheByteCount);
        var sumOfSquares = (delegate* unmanaged<long, long>)Write(cache, a =>
        {
            Label top = a.NewLabel();
            Label done = a.NewLabel();
            a.Alu(AluOperation.Xor, 32, Gpr.Rax, Gpr.Rax);
            a.Bind(top);
            a.Test(64, Gpr.Rdi, Gpr.Rdi);
            a.Jcc(Condition.Zero, done);
            a.Mov(64, Gpr.Rcx, Gpr.Rdi);
            a.Imul(64, Gpr.Rcx, Gpr.Rcx);
            a.Alu(AluOperation.Add, 64, Gpr.Rax, Gpr.Rcx);
            a.Unary(UnaryOperation.Dec, 64, Gpr.Rdi);
            a.Jmp(top);
            a.Bind(done);
            a.Ret();
        });
        Assert.Equal(385, sumOfSquares(10));
        Assert.Equal(0, sumOfSquares(0));
    }

    [Fact]
    public void Constants_and_vectors_are_read_relative_to_rip()
    {
        using var cache = new CodeCache(CacheByteCount);
        var scale = (delegate* unmanaged<double, double>)Write(cache, a =>
        {
            Label code = a.NewLabel();
            a.Jmp(code);
            a.Align(8);
            int constant = a.Position;
            a.EmitInt64(BitConverter.DoubleToInt64Bits(2.5));
            a.Bind(code);

            // MULSD.
            a.Sse(VectorPrefix.PF2, OpcodeMap.Map0F, 0x59, Xmm.Xmm0, Mem.Rip(a.ExecuteAddress(constant)));
            a.Ret();
        });
        Assert.Equal(10.0, scale(4.0));
    }

    [Fact]
    public void The_address_of_a_label_is_where_it_runs()
    {
        using var cache = new CodeCache(CacheByteCount);
        int position = 0;
        byte* start = Write(cache, a =>
        {
            Label label = a.NewLabel();
            a.Lea(Gpr.Rax, label);
            a.Ret();
            a.Nop(13);
            a.Bind(label);
            position = a.Position;
            a.Int3();
        });
        Assert.Equal((long)(start + position), ((delegate* unmanaged<long>)start)());
    }

    [Fact]
    public void A_jump_can_be_given_a_new_target_and_another()
    {
        using var cache = new CodeCache(CacheByteCount);
        int field = 0;
        byte* one = Write(cache, a => Return(a, 1));
        byte* two = Write(cache, a => Return(a, 2));
        byte* jump = Write(cache, a => field = a.JmpPatchable((long)one));
        var function = (delegate* unmanaged<int>)jump;
        Assert.Equal(1, function());
        cache.PatchRel32((long)(jump + field), (long)two);
        Assert.Equal(2, function());
        Assert.Equal((long)two, Assembler.ReadRel32(jump + field, (long)(jump + field)));
        cache.PatchRel32((long)(jump + field), (long)one);
        Assert.Equal(1, function());
    }

    [Fact]
    public void Another_thread_leaves_a_loop_when_its_jump_is_patched()
    {
        using var cache = new CodeCache(CacheByteCount);
        int field = 0;
        byte* code = Write(cache, a =>
        {
            // One says that the loop runs; then it runs until the jump leads out.
            a.Mov(32, new Mem(Gpr.Rdi), 1);
            Label loop = a.NewLabel();
            a.Bind(loop);
            a.Pause();
            field = a.JmpPatchable(loop);
            Return(a, 7);
        });
        byte* exit = code + field + 4;
        int[] running = GC.AllocateArray<int>(1, pinned: true);
        int result = 0;
        nint function = (nint)code;
        var thread = new Thread(() =>
        {
            fixed (int* flag = running)
            {
                // SAFETY: the code was just written and outlives the thread, which is joined.
                result = ((delegate* unmanaged<int*, int>)function)(flag);
            }
        });
        thread.Start();
        while (Volatile.Read(ref running[0]) == 0)
        {
            Thread.Yield();
        }

        cache.PatchRel32((long)(code + field), (long)exit);
        thread.Join();
        Assert.Equal(7, result);
    }

    [Fact]
    public void Patching_refuses_what_cannot_be_right()
    {
        using var cache = new CodeCache(CacheByteCount);
        long start = (long)cache.ExecuteStart;
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.PatchRel32(start + 2, start));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.PatchRel32(start - 4, start));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.PatchRel32(start + CacheByteCount, start));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.PatchRel32(start, start + 0x1_0000_0000));
    }

    [Fact]
    public void Helpers_in_other_libraries_are_called_through_a_register()
    {
        using var cache = new CodeCache(CacheByteCount);
        var helper = (delegate* unmanaged<int, int>)&Triple;
        var call = (delegate* unmanaged<int, int>)Write(cache, a =>
        {
            a.Alu(AluOperation.Sub, 64, Gpr.Rsp, 8);
            a.Call((long)helper, Gpr.Rax);
            a.Alu(AluOperation.Add, 64, Gpr.Rsp, 8);
            a.Alu(AluOperation.Add, 32, Gpr.Rax, 1);
            a.Ret();
        });
        Assert.Equal(16, call(5));
    }

    [Fact]
    public void Reservations_follow_each_other_aligned_until_the_cache_is_full()
    {
        using var cache = new CodeCache(CacheByteCount);
        Assert.True(cache.TryReserve(1000, out byte* write, out byte* execute));
        Assert.Equal((nint)cache.ExecuteStart, (nint)execute);
        Assert.NotEqual((nint)write, (nint)execute);
        Assert.Equal((nint)write, (nint)cache.ToWrite(execute));
        Assert.Equal((nint)execute, (nint)cache.ToExecute(write));
        Assert.Equal(0, cache.UsedByteCount);
        cache.Commit(17);
        Assert.Equal(32, cache.UsedByteCount);
        Assert.True(cache.TryReserve(10, out _, out byte* second));
        Assert.Equal(32, second - execute);
        cache.Commit(0);
        Assert.Equal(32, cache.UsedByteCount);
        Assert.True(cache.TryReserve(CacheByteCount - 32, out _, out _));
        cache.Commit(CacheByteCount - 32);
        Assert.Equal(CacheByteCount, cache.UsedByteCount);
        Assert.False(cache.TryReserve(1, out write, out execute));
        Assert.True(write == null && execute == null);
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Commit(1));
    }

    [Fact]
    public void Commit_refuses_more_than_was_reserved()
    {
        using var cache = new CodeCache(CacheByteCount);
        Assert.True(cache.TryReserve(10, out _, out _));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Commit(11));
    }

    [Fact]
    public void Clear_begins_a_new_generation_in_which_new_code_runs_in_the_old_place()
    {
        using var cache = new CodeCache(CacheByteCount);
        byte* first = Write(cache, a => Return(a, 1));
        Assert.Equal(1, ((delegate* unmanaged<int>)first)());
        Assert.Equal(0, cache.Generation);
        cache.Clear();
        Assert.Equal(1, cache.Generation);
        Assert.Equal(0, cache.UsedByteCount);
        byte* second = Write(cache, a => Return(a, 2));
        Assert.Equal((nint)first, (nint)second);
        Assert.Equal(2, ((delegate* unmanaged<int>)second)());
    }

    [Fact]
    public void Code_at_both_ends_of_the_largest_cache_reaches_the_other()
    {
        using var cache = new CodeCache(CodeCache.MaximumByteCount);
        byte* low = Write(cache, a => Return(a, 1));
        Assert.True(cache.TryReserve(int.MaxValue - 4096, out _, out _));
        cache.Commit(int.MaxValue - 4096);
        byte* high = Write(cache, a => a.Jmp((long)low));
        Assert.True(high - low > int.MaxValue - 8192);
        Assert.Equal(1, ((delegate* unmanaged<int>)high)());
    }

    [Fact]
    public void No_page_is_writable_and_executable()
    {
        using var cache = new CodeCache(CacheByteCount);
        Assert.True(cache.TryReserve(1, out byte* write, out byte* execute));
        Assert.StartsWith("rw-s", PermissionsOf(write), StringComparison.Ordinal);
        Assert.StartsWith("r-xs", PermissionsOf(execute), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(CodeCache.MinimumByteCount - 1)]
    [InlineData(CodeCache.MaximumByteCount + 1)]
    public void Sizes_out_of_range_are_refused(long byteCount)
    {
        SosiaException failure = Assert.Throws<SosiaException>(() => new CodeCache(byteCount));
        Assert.Equal(FailureKind.Configuration, failure.Kind);
    }

    [System.Runtime.InteropServices.UnmanagedCallersOnly]
    private static int Triple(int value) => 3 * value;

    private static void Return(Assembler assembler, int value)
    {
        assembler.Mov(32, Gpr.Rax, value);
        assembler.Ret();
    }

    private static byte* Write(CodeCache cache, Action<Assembler> emit)
    {
        var assembler = new Assembler();
        Assert.True(cache.TryReserve(512, out byte* write, out byte* execute));
        assembler.Begin(write, execute, 512);
        emit(assembler);
        Assert.False(assembler.Overflowed);
        cache.Commit(assembler.Position);
        return execute;
    }

    private static string PermissionsOf(byte* address)
    {
        foreach (string line in System.IO.File.ReadLines("/proc/self/maps"))
        {
            string[] fields = line.Split(' ', '-');
            ulong start = Convert.ToUInt64(fields[0], 16);
            ulong end = Convert.ToUInt64(fields[1], 16);
            if ((ulong)address >= start && (ulong)address < end)
            {
                return line[(line.IndexOf(' ', StringComparison.Ordinal) + 1)..];
            }
        }

        return "not mapped";
    }
}

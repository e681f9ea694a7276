using System;
using Sosia.Jit.X64.Tests.Oracle;
using Xunit;
using static Sosia.Jit.X64.Tests.Oracle.Operands;

namespace Sosia.Jit.X64.Tests;

public sealed class X87EncodingTests
{
    private readonly Listing _listing = new();

    [Fact]
    public void Instructions_on_the_stack()
    {
        for (int i = 0; i < 8; i++)
        {
            int register = i;
            _listing.Expect($"fadd st,st({i})", a => a.X87(0xD8, (byte)(0xC0 + register)));
            _listing.Expect($"fld st({i})", a => a.X87(0xD9, (byte)(0xC0 + register)));
            _listing.Expect($"fcmovne st,st({i})", a => a.X87(0xDB, (byte)(0xC8 + register)));
            _listing.Expect($"fmul st({i}),st", a => a.X87(0xDC, (byte)(0xC8 + register)));
            _listing.Expect($"fucomip st,st({i})", a => a.X87(0xDF, (byte)(0xE8 + register)));
        }

        _listing.Expect("fsqrt", a => a.X87(0xD9, 0xFA));
        _listing.Expect("fnstsw ax", a => a.X87(0xDF, 0xE0));
        _listing.Expect("emms", a => a.Emms());
        _listing.Check();
        Assert.Throws<ArgumentOutOfRangeException>(() => _listing.Assembler.X87(0xD7, 0xC0));
        Assert.Throws<ArgumentOutOfRangeException>(() => _listing.Assembler.X87(0xD8, 0xBF));
    }

    [Fact]
    public void Instructions_on_memory()
    {
        foreach (MemoryCase memory in AllMemory())
        {
            _listing.Expect($"fdiv {memory.Sized(32)}", a => a.X87(0xD8, 6, memory.Mem));
            _listing.Expect($"fst {memory.Sized(64)}", a => a.X87(0xDD, 2, memory.Mem));
            _listing.Expect($"fld TBYTE PTR {memory.Address}", a => a.X87(0xDB, 5, memory.Mem));
            _listing.Expect($"fnstcw {memory.Sized(16)}", a => a.X87(0xD9, 7, memory.Mem));
            _listing.Expect($"xsave64 {memory.Address}", a => a.Xsave64(memory.Mem));
            _listing.Expect($"xrstor64 {memory.Address}", a => a.Xrstor64(memory.Mem));
        }

        _listing.Check();
    }
}

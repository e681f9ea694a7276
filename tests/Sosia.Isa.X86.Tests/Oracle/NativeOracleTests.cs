using Xunit;

namespace Sosia.Isa.X86.Tests.Oracle;

public sealed unsafe class NativeOracleTests
{
    [HostCode32Fact]
    public void Code_of_32_bits_is_executed_by_the_host()
    {
        using var oracle = new NativeOracle();
        oracle.State->Gpr[0] = 41;
        // INC EAX, which in 64-bit code is a prefix.
        oracle.Run([0x40], 32);
        Assert.Equal(42UL, oracle.State->Gpr[0]);
    }
}

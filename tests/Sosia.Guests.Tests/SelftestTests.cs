using System;
using System.Linq;
using Xunit;

namespace Sosia.Guests.Tests;

/// <summary>Linux's x86 selftests pass in the guest: corners of segments, system calls, single step and signal frames.</summary>
public abstract class SelftestTests(SelftestRun run)
{
    [SelftestTheory]
    [InlineData("64-fsgsbase", 1)]
    [InlineData("32-fsgsbase_restore", 1)]
    [InlineData("64-fsgsbase_restore", 1)]
    [InlineData("32-ioperm", 1)]
    [InlineData("64-ioperm", 1)]
    [InlineData("32-iopl", 1)]
    [InlineData("64-iopl", 1)]
    [InlineData("32-ldt_gdt", 1)]
    [InlineData("64-ldt_gdt", 1)]
    [InlineData("32-mov_ss_trap", 1)]
    [InlineData("64-mov_ss_trap", 1)]
    [InlineData("32-ptrace_syscall", 1)]
    [InlineData("64-ptrace_syscall", 1)]
    [InlineData("32-sigaltstack", 1)]
    [InlineData("64-sigaltstack", 1)]
    [InlineData("32-sigreturn", 1)]
    [InlineData("64-sigreturn", 1)]
    [InlineData("32-sigtrap_loop", 1)]
    [InlineData("64-sigtrap_loop", 1)]
    [InlineData("32-single_step_syscall", 1)]
    [InlineData("64-single_step_syscall", 1)]
    [InlineData("32-syscall_arg_fault", 1)]
    [InlineData("64-syscall_arg_fault", 1)]
    [InlineData("32-syscall_nt", 1)]
    [InlineData("64-syscall_nt", 1)]
    [InlineData("64-syscall_numbering", 1)]
    [InlineData("64-sysret_rip", 1)]
    [InlineData("32-sysret_ss_attrs", 1)]
    [InlineData("64-sysret_ss_attrs", 1)]
    [InlineData("32-test_FCMOV", 1)]
    [InlineData("64-test_FCMOV", 1)]
    [InlineData("32-test_FCOMI", 1)]
    [InlineData("64-test_FCOMI", 1)]
    [InlineData("32-test_FISTTP", 1)]
    [InlineData("64-test_FISTTP", 1)]
    public void Passes(string program, int atLeast)
    {
        string[] output = run.Guest[program];
        string all = string.Join('\n', output);
        Assert.True(output[^1] == "status 0", all);
        Assert.DoesNotContain("[FAIL]", all, StringComparison.Ordinal);
        Assert.True(output.Count(line => line.Contains("[OK]", StringComparison.Ordinal)) >= atLeast, all);
    }
}

using System;
using System.IO;
using System.Text;
using Sosia.Isa.X86;
using Sosia.Theory.Host;
using Xunit;

namespace Sosia.Theory.Tests.Host;

public sealed class NativeProbeTests : IDisposable
{
    private const int MkdirNumber = 83;
    private const uint ArchitectureX8664 = 0xc000_003e;
    private const int SignalKill = 9;

    private readonly NativeProbe _probe = new();

    public void Dispose() => _probe.Dispose();

    [NativeFact]
    public void An_innocuous_instruction_completes_with_its_result()
    {
        // lea rax, [rbx+rdx]
        SnippetOutcome outcome = Run(0x48, 0x8d, 0x04, 0x13);
        Assert.Equal(SnippetEnd.Completed, outcome.End);
        Assert.Equal(0x2bUL + 0x80, outcome.Registers!.General[0]);
    }

    [NativeFact]
    public void The_registers_arrive_as_they_were_given()
    {
        Snippet snippet = SnippetMaker.FromBytes("nop", [0x90]);
        SnippetOutcome outcome = _probe.Run(snippet);
        Assert.Equal(SnippetEnd.Completed, outcome.End);
        Assert.Equal(snippet.Registers.General, outcome.Registers!.General);
        Assert.Equal(snippet.Registers.Segments, outcome.Registers.Segments);
        Assert.Equal(snippet.Registers.Rflags, outcome.Registers.Rflags);
        Assert.Equal(snippet.Data, outcome.Data);
    }

    [NativeFact]
    public void HLT_traps_with_general_protection()
    {
        SnippetOutcome outcome = Run(0xf4);
        Assert.Equal(SnippetEnd.Trapped, outcome.End);
        Assert.Equal(ExceptionVector.GeneralProtection, outcome.Vector);
        Assert.Equal(0u, outcome.ErrorCode);
        Assert.Equal(SnippetMaker.CodeAddress, outcome.Registers!.Rip);
    }

    [NativeFact]
    public void POPF_drops_a_cleared_interrupt_flag_without_a_trap()
    {
        // push 2; popf; pushf; pop rax
        SnippetOutcome outcome = Run(0x6a, 0x02, 0x9d, 0x9c, 0x58);
        Assert.Equal(SnippetEnd.Completed, outcome.End);
        Assert.Equal(0x202UL, outcome.Registers!.General[0]);
    }

    [NativeFact]
    public void A_page_fault_comes_with_its_address_and_error_code()
    {
        // mov [0x1234], eax
        SnippetOutcome outcome = Run(0x89, 0x04, 0x25, 0x34, 0x12, 0, 0);
        Assert.Equal(SnippetEnd.Trapped, outcome.End);
        Assert.Equal(ExceptionVector.PageFault, outcome.Vector);
        Assert.Equal(0x1234UL, outcome.FaultAddress);
        // User mode, write, not present.
        Assert.Equal(6u, outcome.ErrorCode);
    }

    [NativeFact]
    public void A_system_call_never_reaches_the_kernel()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"sosia-cell-{Guid.NewGuid():n}");
        byte[] data = SnippetMaker.FromBytes(string.Empty, []).Data;
        Encoding.UTF8.GetBytes(folder + "\0").CopyTo(data, 0);
        // mov eax, SYS_mkdir; mov edi, data; mov esi, 0700; syscall
        byte[] code = [0xb8, MkdirNumber, 0, 0, 0, 0xbf, .. BitConverter.GetBytes(SnippetMaker.DataAddress), 0xbe, 0xc0, 1, 0, 0, 0x0f, 0x05];
        Snippet snippet = SnippetMaker.FromBytes("mkdir", code);
        SnippetOutcome outcome = _probe.Run(new Snippet { Text = snippet.Text, Code = code, CodeBits = 64, Registers = snippet.Registers, Data = data });
        bool exists = Directory.Exists(folder);
        if (exists)
        {
            Directory.Delete(folder);
        }

        Assert.False(exists, "The kernel has executed the snippet's system call.");
        Assert.Equal(SnippetEnd.EnteredKernel, outcome.End);
        Assert.Equal(MkdirNumber, outcome.SystemCallNumber);
        Assert.Equal(ArchitectureX8664, outcome.SystemCallArchitecture);
        // The kernel's answer would be here.
        Assert.Equal((ulong)MkdirNumber, outcome.Registers!.General[0]);
    }

    [NativeFact]
    public void The_request_that_the_filter_stops_is_one_that_the_set_up_may_make()
    {
        // The same call, before the process is confined: the evidence above is the filter's doing.
        string folder = Path.Combine(Path.GetTempPath(), $"sosia-cell-{Guid.NewGuid():n}");
        byte[] data = SnippetMaker.FromBytes(string.Empty, []).Data;
        Encoding.UTF8.GetBytes(folder + "\0").CopyTo(data, 0);
        Snippet snippet = SnippetMaker.FromBytes("nop", [0x90]);
        SnippetOutcome outcome = _probe.Run(new Snippet
        {
            Text = snippet.Text,
            Code = snippet.Code,
            CodeBits = 64,
            Registers = snippet.Registers,
            Data = data,
            Requests = [new CellCall(MkdirNumber, SnippetMaker.DataAddress, 0x1c0)],
        });
        Assert.Equal(0, Assert.Single(outcome.Requests));
        Assert.True(Directory.Exists(folder));
        Directory.Delete(folder);
    }

    [NativeFact]
    public void Leaving_the_process_is_refused_to_the_snippet_too()
    {
        // mov eax, SYS_exit_group; syscall
        SnippetOutcome outcome = Run(0xb8, 231, 0, 0, 0, 0x0f, 0x05);
        Assert.Equal(SnippetEnd.EnteredKernel, outcome.End);
        Assert.Equal(231, outcome.SystemCallNumber);
    }

    [NativeFact]
    public void An_endless_loop_is_ended_when_its_time_is_over()
    {
        SnippetOutcome outcome = _probe.Run(SnippetMaker.FromBytes("jmp $", [0xeb, 0xfe]), TimeSpan.FromMilliseconds(300));
        Assert.Equal(SnippetEnd.TimedOut, outcome.End);
        Assert.Equal(SignalKill, outcome.Signal);
        Assert.Null(outcome.Registers);
    }

    [NativeFact]
    public void A_snippet_without_a_stack_is_reported_like_any_other()
    {
        // xor esp, esp; push rax
        SnippetOutcome outcome = Run(0x31, 0xe4, 0x50);
        Assert.Equal(SnippetEnd.Trapped, outcome.End);
        Assert.Equal(ExceptionVector.PageFault, outcome.Vector);
        Assert.Equal(0UL, outcome.Registers!.General[4]);
    }

    [NativeFact]
    public void A_snippet_that_stands_on_the_signal_stack_cannot_move_it()
    {
        // mov esp, the middle of the shared memory; hlt
        SnippetOutcome outcome = Run(0xbc, 0x00, 0x80, 0x00, 0x10, 0xf4);
        Assert.Equal(SnippetEnd.Trapped, outcome.End);
        Assert.Equal(0x1000_8000UL, outcome.Registers!.General[4]);
    }

    [NativeTheory]
    [InlineData(0x0000_0000_0000_1000UL)]
    [InlineData(0x0000_0000_0f00_0000UL)]
    [InlineData(0xffff_ffff_8000_0000UL)]
    [InlineData(0x8000_0000_0000_0000UL)]
    [InlineData(0xffff_ffff_ff60_0000UL)]
    public void A_jump_anywhere_harms_nobody(ulong target)
    {
        // mov rax, target; jmp rax
        SnippetOutcome outcome = Run([0x48, 0xb8, .. BitConverter.GetBytes(target), 0xff, 0xe0]);
        Assert.Contains(outcome.End, new[] { SnippetEnd.Trapped, SnippetEnd.EnteredKernel });
        Assert.Equal(SnippetEnd.Completed, Run(0x90).End);
    }

    [NativeFact]
    public void A_snippet_that_overwrites_all_shared_memory_forges_nothing_but_its_own_report()
    {
        // mov edi, shared memory up to the code page; mov ecx, its length; mov al, 0xff; rep stosb; hlt
        SnippetOutcome outcome = Run(0xbf, 0, 0, 0, 0x10, 0xb9, 0, 0x10, 1, 0, 0xb0, 0xff, 0xf3, 0xaa, 0xf4);
        Assert.Equal(SnippetEnd.Trapped, outcome.End);
        Assert.Equal(SnippetEnd.Completed, Run(0x90).End);
    }

    [NativeFact]
    public void Memory_addresses_that_a_snippet_forged_are_not_followed()
    {
        byte[] shared = new byte[CellLayout.SharedByteCount];
        foreach (ulong forged in new[] { 0UL, ulong.MaxValue, CellLayout.Shared, CellLayout.Shared + (ulong)CellLayout.SharedByteCount, CellLayout.Shared + (ulong)CellLayout.CodeOffset - 8 })
        {
            shared[CellLayout.SignalField] = 11;
            BitConverter.TryWriteBytes(shared.AsSpan(CellLayout.InformationField), forged);
            BitConverter.TryWriteBytes(shared.AsSpan(CellLayout.ContextField), forged);
            Assert.Null(CellReport.Read(shared, SnippetMaker.FromBytes("nop", [0x90]), []));
        }
    }

    [NativeFact]
    public void Snippets_run_at_the_same_time_on_several_threads()
    {
        System.Threading.Tasks.Parallel.For(0, 16, i =>
        {
            // mov eax, i
            SnippetOutcome outcome = Run([0xb8, .. BitConverter.GetBytes(i)]);
            Assert.Equal((ulong)i, outcome.Registers!.General[0]);
        });
    }

    private SnippetOutcome Run(params byte[] code) => _probe.Run(SnippetMaker.FromBytes("test", code));
}

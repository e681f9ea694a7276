using System;
using System.Diagnostics;
using System.IO;
using System.Text.Json;
using Xunit;

namespace Sosia.Cli.Tests;

/// <summary>The program as a person or a script meets it, with guests of a few instructions.</summary>
public sealed class ProgramTests : IDisposable
{
    private const int Hangup = 1;
    private const int Interrupt = 2;
    private const int Terminate = 15;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Version_is_one_line()
    {
        ProgramResult result = ProgramRun.Run(string.Empty, "--version");
        Assert.Equal(0, result.Status);
        Assert.Matches(@"^sosia \d+\.\d+\.\d+\n$", result.Output);
    }

    [Theory]
    [InlineData("--help", "run")]
    [InlineData("run --help", "--drive")]
    [InlineData("guests --help", "fetch")]
    public void Help_names_what_there_is(string arguments, string part)
    {
        ProgramResult result = ProgramRun.Run(string.Empty, arguments.Split(' '));
        Assert.Equal(0, result.Status);
        Assert.Contains(part, result.Output, StringComparison.Ordinal);
        Assert.Empty(result.Errors);
    }

    [Fact]
    public void Engines_says_which_work_and_which_do_not()
    {
        ProgramResult result = ProgramRun.Run(string.Empty, "engines");
        Assert.Equal(0, result.Status);
        Assert.Matches(@"interpreter +works", result.Output);
        Assert.Matches("recompiler +", result.Output);
        Assert.Matches(@"kvm +no", result.Output);
    }

    [Fact]
    public void Guests_list_shows_every_guest_of_the_repository()
    {
        ProgramResult result = ProgramRun.Run(string.Empty, "guests", "list");
        Assert.Equal(0, result.Status);
        foreach (string description in Directory.GetFiles(Repository.Guests, "guest.json", SearchOption.AllDirectories))
        {
            Assert.Contains("\n" + Path.GetFileName(Path.GetDirectoryName(description)) + " ", result.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_shell_completes_options()
    {
        ProgramResult result = ProgramRun.Run(string.Empty, "[suggest:14]", "sosia run --me");
        Assert.Equal(0, result.Status);
        Assert.Contains("--memory", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_debug_exit_write_v_ends_with_twice_v_plus_1()
        => Assert.Equal((0x10 << 1) | 1, Run(TinyKernel.DebugExit, string.Empty, "--debug-exit", "0xf4").Status);

    [Theory]
    [InlineData("pc")]
    [InlineData("microvm")]
    public void Piped_input_reaches_the_guest_and_its_end_does_not_end_the_machine(string machine)
    {
        ProgramResult result = Run(TinyKernel.Echo, "abc\u0001xq", "--machine", machine, "--debug-exit", "0xf4");
        Assert.True(result.Status == 1, result.ToString());
        // Without a terminal there are no keys of the program's own: Ctrl-A X is the guest's.
        Assert.Equal("ready\r\nabc\u0001xq", result.Output);
    }

    [Fact]
    public void An_input_that_has_ended_leaves_the_machine_running_until_the_timeout()
    {
        ProgramResult result = Run(TinyKernel.Echo, string.Empty, "--timeout", "500ms");
        Assert.True(result.Status == 124, result.ToString());
        Assert.Equal("ready\r\n", result.Output);
        Assert.Single(result.ErrorLines);
    }

    [Fact]
    public void The_embedded_guest_runs_into_a_timeout()
        => Assert.Equal(124, ProgramRun.Run(string.Empty, "run", "--timeout", "2s").Status);

    [Fact]
    public void A_fault_handler_that_faults_for_ever_does_not_hold_the_machine()
        => Assert.Equal(124, Run(TinyKernel.FaultingHandler, string.Empty, "--timeout", "500ms").Status);

    [Fact]
    public void A_reset_under_no_reboot_is_status_3()
        => Assert.Equal(3, Run(TinyKernel.Reset, string.Empty, "--no-reboot").Status);

    [Fact]
    public void A_triple_fault_under_no_reboot_is_status_3_and_shows_the_instruction_and_the_registers()
    {
        ProgramResult result = Run(TinyKernel.TripleFault, string.Empty, "--no-reboot");
        Assert.Equal(3, result.Status);
        Assert.Contains("0f 0b", result.Errors, StringComparison.Ordinal);
        Assert.Contains("#UD", result.Errors, StringComparison.Ordinal);
        Assert.Contains("rip=0000000000100027", result.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Hangup)]
    [InlineData(Interrupt)]
    [InlineData(Terminate)]
    public void A_signal_ends_the_machine_and_is_told_by_the_status(int signal)
    {
        using ProgramRun run = ProgramRun.Start("run", "--kernel", _folder.Write("kernel", TinyKernel.Echo), "--stats", _folder.PathOf("stats"));
        run.Expect("ready");
        run.Signal(signal);
        Assert.Equal(128 + signal, run.WaitForEnd().Status);
        Assert.True(File.Exists(_folder.PathOf("stats")));
    }

    [Fact]
    public void A_closed_standard_output_ends_the_machine()
    {
        using ProgramRun run = ProgramRun.Start("run", "--kernel", _folder.Write("kernel", TinyKernel.Echo));
        run.Expect("ready");
        run.CloseOutput();
        run.Type("x");
        Assert.Equal(128 + 13, run.WaitForEnd(readOutput: false).Status);
    }

    [Fact]
    public void More_input_than_the_guest_has_room_for_waits_and_is_not_lost()
    {
        string input = new string('.', 200_000) + "q";
        Assert.Equal("ready\r\n" + input, Run(TinyKernel.Echo, input, "--debug-exit", "0xf4").Output);
    }

    [Fact]
    public void Serial_output_goes_to_a_file()
    {
        string file = _folder.PathOf("log");
        Run(TinyKernel.Echo, string.Empty, "--serial", "file:" + file, "--timeout", "500ms");
        Assert.Equal("ready\r\n", File.ReadAllText(file));
    }

    [Fact]
    public void Stats_are_one_object_with_the_figures_of_the_run()
    {
        string file = _folder.PathOf("stats.json");
        Run(TinyKernel.DebugExit, string.Empty, "--debug-exit", "0xf4", "--stats", file);
        JsonElement stats = JsonDocument.Parse(File.ReadAllText(file)).RootElement;
        Assert.Equal("recompiler", stats.GetProperty("engine").GetString());
        Assert.True(stats.GetProperty("wallSeconds").GetDouble() > 0);
        Assert.InRange(stats.GetProperty("instructionsRetired").GetInt64(), 2, 4);
        Assert.True(stats.GetProperty("peakMemoryBytes").GetInt64() > 1 << 20);
        foreach (string name in (ReadOnlySpan<string>)["mips", "translations", "helperCalls", "tlbMisses", "deviceAccesses"])
        {
            Assert.True(stats.GetProperty(name).GetDouble() >= 0);
        }

        Assert.Equal(JsonValueKind.Object, stats.GetProperty("faultsByVector").ValueKind);
        Assert.Single(Directory.GetFiles(Path.GetDirectoryName(file)!, "stats*"));
    }

    [Fact]
    public void A_trace_of_instructions_has_each_one_in_order_with_its_number_address_bytes_and_text()
    {
        string[] trace = Trace("exec", TinyKernel.DebugExit);
        Assert.Equal(2, trace.Length);
        Assert.Matches(@"^ *0 [0-9a-f]{4}:0*100020  b0 10 +mov al,0x10$", trace[0]);
        Assert.Matches(@"^ *1 [0-9a-f]{4}:0*100022  e6 f4 +out 0xf4,al$", trace[1]);
    }

    [Fact]
    public void A_trace_of_instructions_has_the_first_one_of_a_handler()
    {
        string[] trace = Trace("exec,int", TinyKernel.PageFault);
        int fault = Array.FindIndex(trace, static line => line.StartsWith("int  Exception #PF error code 0x0 at ", StringComparison.Ordinal));
        Assert.EndsWith("mov eax,dword [0x400000]", trace[fault - 1], StringComparison.Ordinal);
        Assert.Contains(":000000000010007b ", trace[fault + 1], StringComparison.Ordinal);
        Assert.Contains(":000000000010007d ", trace[fault + 2], StringComparison.Ordinal);
        Assert.Equal(fault + 3, trace.Length);
    }

    [Fact]
    public void A_trace_of_interrupts_has_nothing_else()
        => Assert.Matches("^int  Exception #PF error code 0x0 at 0008:0000000000100075 ", Assert.Single(Trace("int", TinyKernel.PageFault)));

    [Fact]
    public void A_trace_of_ports_has_each_access_with_its_device()
        => Assert.Matches("^io   write 0x00f4 1 <- 0x21 [a-z]", Assert.Single(Trace("io", TinyKernel.PageFault)));

    [Fact]
    public void A_trace_of_device_memory_has_each_access_with_its_device()
    {
        string[] trace = Trace("mem", TinyKernel.PageFault);
        Assert.Equal(2, trace.Length);
        Assert.Matches("^mem  read  0xfee00030 4 -> 0x[1-9a-f][0-9a-f]* [a-z]", trace[0]);
        Assert.Matches("^mem  write 0xfec00000 4 <- 0x1 [a-z]", trace[1]);
    }

    [Fact]
    public void A_trace_of_page_walks_has_what_they_find_and_what_faults()
    {
        string[] trace = Trace("mmu", TinyKernel.PageFault);
        Assert.Contains("mmu  fetch 0x100075 -> 0x100075", trace);
        Assert.Contains("mmu  read 0x400000 faults, error code 0x0", trace);
        Assert.All(trace, static line => Assert.Matches("^mmu  (fetch|read|write) 0x[0-9a-f]+ (-> 0x|faults, )", line));
    }

    [Fact]
    public void A_traced_machine_that_waits_ends_by_its_timeout()
        => Assert.Equal(124, Run(TinyKernel.DebugExit, string.Empty, "--timeout", "300ms", "--trace", "exec,file=" + _folder.PathOf("trace")).Status);

    [Fact]
    public void A_trace_into_a_pipe_whose_reader_has_gone_ends_the_program_with_a_sentence()
    {
        string pipe = _folder.PathOf("pipe");
        using (var creation = Process.Start("mkfifo", [pipe]))
        {
            creation.WaitForExit();
        }

        using var reader = Process.Start("head", ["-c", "1", pipe]);
        ProgramResult result = Run(TinyKernel.Echo, string.Empty, "--trace", "exec,file=" + pipe);
        reader.WaitForExit();
        Assert.True(result.Status == 4, result.ToString());
        Assert.Contains($"sosia: The trace cannot be written to '{pipe}' any more (Broken pipe", result.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trace_onto_a_full_disk_ends_the_program_with_a_sentence()
        => Assert.Equal(4, Run(TinyKernel.Echo, string.Empty, "--trace", "exec,file=/dev/full").Status);

    private string[] Trace(string what, byte[] kernel)
    {
        string file = _folder.PathOf("trace");
        Run(kernel, string.Empty, "--debug-exit", "0xf4", "--trace", what + ",file=" + file);
        return File.ReadAllLines(file);
    }

    private ProgramResult Run(byte[] kernel, string input, params string[] arguments)
        => ProgramRun.Run(input, ["run", "--kernel", _folder.Write("kernel", kernel), .. arguments]);
}

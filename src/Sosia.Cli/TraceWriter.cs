using System;
using System.IO;
using Sosia.Control;
using Sosia.Control.Inspection;
using Sosia.Core;
using Sosia.Core.Buses;
using Sosia.Core.Execution;
using Sosia.Isa.X86;

namespace Sosia.Cli;

/// <summary>Writes what happens in a machine, one line per event. It is for finding faults, not for speed.</summary>
internal sealed class TraceWriter : ICpuTrace, IBusTrace, IDisposable
{
    private readonly TraceOptions _options;
    private readonly VirtualMachine _vm;
    private readonly TextWriter _output;
    private readonly bool _hasSeveralCpus;

    public TraceWriter(TraceOptions options, VirtualMachine vm)
    {
        _options = options;
        _vm = vm;
        _hasSeveralCpus = vm.Machine.Cpus.Count > 1;
        _output = Open(options.File);
        if (options.Instructions || options.Interrupts || options.PageWalks)
        {
            TraceProcessors(this);
        }

        if (options.Memory)
        {
            vm.Machine.Memory.Trace = this;
        }

        if (options.Ports)
        {
            vm.Machine.Ports.Trace = this;
        }
    }

    /// <inheritdoc/>
    public bool WantsInstructions => _options.Instructions;

    /// <inheritdoc/>
    public void InstructionStarting(X86Cpu cpu) => Write($"{Number(cpu)}{cpu.RetiredInstructions,12} {CodeText.At(_vm, cpu, cpu.InstructionRip)}");

    /// <inheritdoc/>
    public void EventDelivered(X86Cpu cpu, int vector, EventKind kind, uint? errorCode)
    {
        if (_options.Interrupts)
        {
            string name = kind == EventKind.Exception ? ExceptionNames.Of(vector) : $"0x{vector:x2}";
            string error = errorCode is { } code ? $" error code 0x{code:x}" : string.Empty;
            Write($"{Number(cpu)}int  {kind} {name}{error} at {CodeText.At(_vm, cpu, cpu.InstructionRip)}");
        }
    }

    /// <inheritdoc/>
    public void PageWalked(X86Cpu cpu, ulong linear, string access, ulong? guestPhysical, uint errorCode)
    {
        if (_options.PageWalks)
        {
            Write(guestPhysical is { } address
                ? $"{Number(cpu)}mmu  {access} 0x{linear:x} -> 0x{address:x}"
                : $"{Number(cpu)}mmu  {access} 0x{linear:x} faults, error code 0x{errorCode:x}");
        }
    }

    /// <inheritdoc/>
    public void PortRead(ushort port, int byteCount, uint value, string? device)
        => Write($"io   read  0x{port:x4} {byteCount} -> 0x{value:x} {device ?? "nobody"}");

    /// <inheritdoc/>
    public void PortWrite(ushort port, int byteCount, uint value, string? device)
        => Write($"io   write 0x{port:x4} {byteCount} <- 0x{value:x} {device ?? "nobody"}");

    /// <inheritdoc/>
    public void MmioRead(ulong guestPhysical, int byteCount, ulong value, string? device)
        => Write($"mem  read  0x{guestPhysical:x} {byteCount} -> 0x{value:x} {device ?? "nobody"}");

    /// <inheritdoc/>
    public void MmioWrite(ulong guestPhysical, int byteCount, ulong value, string? device)
        => Write($"mem  write 0x{guestPhysical:x} {byteCount} <- 0x{value:x} {device ?? "nobody"}");

    /// <summary>Creates a file, or opens a pipe, for writing alone: who can read from a pipe, too, never learns that its reader has gone.</summary>
    public static FileStream OpenFile(string path) => new(path, FileMode.Create, FileAccess.Write, FileShare.Read);

    /// <summary>Writes out what is still in memory.</summary>
    /// <exception cref="SosiaException">The file takes no more.</exception>
    public void Flush()
    {
        try
        {
            _output.Flush();
        }
        catch (IOException error)
        {
            throw Failure(error);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        TraceProcessors(null);
        _vm.Machine.Memory.Trace = null;
        _vm.Machine.Ports.Trace = null;
        try
        {
            _output.Dispose();
        }
        catch (IOException)
        {
            // Whoever wrote or flushed before has heard of it.
        }
    }

    private void Write(string line)
    {
        try
        {
            _output.WriteLine(line);
        }
        catch (IOException error)
        {
            throw Failure(error);
        }
    }

    private SosiaException Failure(IOException error)
        => new($"The trace cannot be written to {(_options.File is { } path ? $"'{path}'" : "standard error")} any more ({error.Message.TrimEnd('.')}).", FailureKind.Host, error);

    private void TraceProcessors(ICpuTrace? trace)
    {
        foreach (IVcpu vcpu in _vm.Machine.Cpus)
        {
            if (vcpu is X86Cpu cpu)
            {
                cpu.Trace = trace;
            }
        }
    }

    // With several processors a line begins with the number of its own.
    private string Number(X86Cpu cpu) => _hasSeveralCpus ? $"cpu{cpu.Index} " : string.Empty;

    private static StreamWriter Open(string? path)
    {
        try
        {
            return new StreamWriter(path is null ? Console.OpenStandardError() : OpenFile(path), bufferSize: 1 << 16);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SosiaException($"The file '{path}' of --trace cannot be created ({error.Message.TrimEnd('.')}); name another file.", FailureKind.Configuration, error);
        }
    }
}

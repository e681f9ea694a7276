using System;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Sosia.Core;
using Sosia.Host.Linux.Memory;

namespace Sosia.Control.Properties.Efficiency;

/// <summary>Runs a <see cref="ComputeKernel"/> on the host's processor, in this process.</summary>
internal sealed unsafe class NativeKernel : IDisposable
{
    private readonly CodeMapping _code;
    private byte* _buffer;

    /// <summary>Makes the code executable.</summary>
    /// <exception cref="SosiaException">The host refuses executable memory.</exception>
    public NativeKernel(ComputeKernel kernel)
    {
        try
        {
            _code = new CodeMapping((ulong)kernel.Code.Length);
            // SAFETY: the mapping is at least as long as the code, and nothing runs in it yet.
            kernel.Code.CopyTo(new Span<byte>(_code.Write, kernel.Code.Length));
            _code.AllowExecution();
        }
        catch (Win32Exception error)
        {
            throw new SosiaException($"The host refuses executable memory ({error.Message}); programs cannot be timed on it.", FailureKind.Host, error);
        }

        // SAFETY: zeroed native memory of the size that kernels may use, freed in Dispose.
        _buffer = (byte*)NativeMemory.AlignedAlloc(ComputeKernel.BufferByteCount, 4096);
        NativeMemory.Clear(_buffer, ComputeKernel.BufferByteCount);
    }

    /// <summary>Runs rounds, on memory that is zero at the beginning.</summary>
    /// <returns>The sum, and the time.</returns>
    public (ulong Sum, TimeSpan Elapsed) Run(long rounds)
    {
        NativeMemory.Clear(_buffer, ComputeKernel.BufferByteCount);
        // SAFETY: the code keeps the calling convention and stays within the buffer (see ComputeKernel).
        var function = (delegate* unmanaged<byte*, long, ulong>)_code.Execute;
        long start = Stopwatch.GetTimestamp();
        ulong sum = function(_buffer, rounds);
        return (sum, Stopwatch.GetElapsedTime(start));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _code.Dispose();
        NativeMemory.AlignedFree(_buffer);
        _buffer = null;
    }
}

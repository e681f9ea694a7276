using System;
using System.Collections.Generic;
using System.IO;
using System.Numerics;
using Sosia.Core;
using Sosia.Net;
using Sosia.Net.Capture;

namespace Sosia.Machines;

/// <summary>The cables of a machine's network cards and what is behind them, as the options say.</summary>
internal sealed class MachineNetwork : IDisposable
{
    private const int MaxRomByteCount = 1 << 20;
    private const uint MinRomByteCount = 4096;

    private readonly List<NetworkCable> _cables = [];
    private readonly List<INetworkBackend> _backends = [];

    /// <summary>Opens what the options name.</summary>
    /// <exception cref="SosiaException">Something of the host cannot be used.</exception>
    public MachineNetwork(IReadOnlyList<NetworkOptions> networks)
    {
        try
        {
            foreach (NetworkOptions options in networks)
            {
                var cable = new NetworkCable(options.CaptureFile is { } file ? new PcapWriter(file) : null);
                _cables.Add(cable);
                if (options.Open(cable.Backend) is { } backend)
                {
                    _backends.Add(backend);
                }
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The cables, in the order of the options.</summary>
    public IReadOnlyList<NetworkCable> Cables => _cables;

    /// <summary>What is behind those cables that are plugged in.</summary>
    public IReadOnlyList<INetworkBackend> Backends => _backends;

    /// <summary>How much guest RAM the cards' option ROMs take.</summary>
    /// <exception cref="SosiaException">A file cannot be used.</exception>
    public static ulong RomByteCount(IReadOnlyList<NetworkOptions> networks)
    {
        ulong sum = 0;
        foreach (NetworkOptions options in networks)
        {
            sum += options.RomFile is null ? 0 : RomRoom(ReadRom(options));
        }

        return sum;
    }

    /// <summary>How much room an option ROM takes.</summary>
    public static uint RomRoom(ReadOnlySpan<byte> rom) => Math.Max(MinRomByteCount, BitOperations.RoundUpToPowerOf2((uint)rom.Length));

    /// <summary>Reads a card's option ROM; empty when it has none.</summary>
    /// <exception cref="SosiaException">The file cannot be used.</exception>
    public static byte[] ReadRom(NetworkOptions options)
    {
        if (options.RomFile is not { } file)
        {
            return [];
        }

        byte[] rom;
        try
        {
            rom = new FileInfo(file).Length <= MaxRomByteCount ? File.ReadAllBytes(file) : [];
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new SosiaException($"The option ROM '{file}' cannot be read ({exception.Message}); give another rom=FILE.");
        }

        return rom.Length >= 512 && rom[0] == 0x55 && rom[1] == 0xaa
            ? rom
            : throw new SosiaException($"The file '{file}' is no option ROM of at most 1 MiB; give another rom=FILE.");
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (INetworkBackend backend in _backends)
        {
            backend.Dispose();
        }

        foreach (NetworkCable cable in _cables)
        {
            cable.Dispose();
        }

        _backends.Clear();
        _cables.Clear();
    }
}

using System;
using System.Diagnostics;
using System.IO;
using System.Net;

namespace Sosia.Display.Tests;

/// <summary>LibVNCClient, compiled from a small program beside the tests where gcc and the library are.</summary>
internal static class VncClient
{
    private static readonly Lazy<string?> Program = new(Build);

    /// <summary>Why tests with it are skipped; null when they are not.</summary>
    public static string? Missing => Program.Value is null ? "needs gcc and libvncserver-dev" : null;

    /// <summary>Takes a picture.</summary>
    /// <returns>The exit status, and the pixels of a complete picture.</returns>
    public static (int Status, int Width, int Height, int[] Pixels) Capture(IPEndPoint server, string encoding, int bits, string password = "-", string keys = "")
    {
        string file = Path.GetTempFileName();
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(Program.Value!, [server.Address.ToString(), server.Port.ToString(), encoding, bits.ToString(), password, file, keys])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            })!;
            process.ErrorDataReceived += static (_, _) => { };
            process.BeginErrorReadLine();
            process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? Read(File.ReadAllBytes(file)) : (process.ExitCode, 0, 0, []);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static (int Status, int Width, int Height, int[] Pixels) Read(byte[] bytes)
    {
        string header = System.Text.Encoding.ASCII.GetString(bytes, 0, 20);
        string[] fields = header.Split([' ', '\n']);
        (int width, int height) = (int.Parse(fields[1]), int.Parse(fields[2]));
        ReadOnlySpan<byte> data = bytes.AsSpan(bytes.Length - (3 * width * height));
        int[] pixels = new int[width * height];
        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = (data[3 * i] << 16) | (data[(3 * i) + 1] << 8) | data[(3 * i) + 2];
        }

        return (0, width, height, pixels);
    }

    private static string? Build()
    {
        string program = Path.Combine(AppContext.BaseDirectory, "vncshot");
        if (!File.Exists("/usr/include/rfb/rfbclient.h") || !File.Exists("/usr/bin/gcc"))
        {
            return null;
        }

        using Process process = Process.Start("/usr/bin/gcc", ["-O1", "-o", program, program + ".c", "-lvncclient"]);
        process.WaitForExit();
        return process.ExitCode == 0 ? program : null;
    }
}

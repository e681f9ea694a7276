using System;
using System.Collections.Generic;
using System.IO;
using Sosia.Control.Inspection;
using Sosia.Core;
using Sosia.Engines.Recompiler;

namespace Sosia.Cli;

/// <summary>The files that <c>--log</c> and <c>--perf-map</c> ask for.</summary>
internal sealed class TranslationOutputs : IDisposable
{
    private readonly List<TextWriter> _writers = [];
    private readonly List<ITranslationObserver> _observers = [];

    /// <summary>Opens what the settings ask for.</summary>
    /// <exception cref="SosiaException">A file cannot be created.</exception>
    public TranslationOutputs(RunSettings settings)
    {
        if (settings.Log is { } log)
        {
            _observers.Add(new TranslationLog(Open(settings.LogFile, "--log-file"), log.Parts, log.First, log.Last));
        }

        if (settings.HasPerfMap)
        {
            _observers.Add(new PerfMap(Open(PerfMap.PathOf(Environment.ProcessId), "--perf-map")));
        }
    }

    /// <summary>Whom the engine has to tell; null for nobody.</summary>
    public ITranslationObserver? Observer => _observers.Count switch
    {
        0 => null,
        1 => _observers[0],
        _ => new TranslationObservers(_observers),
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (TextWriter writer in _writers)
        {
            writer.Dispose();
        }

        _writers.Clear();
    }

    private StreamWriter Open(string? path, string option)
    {
        try
        {
            var writer = new StreamWriter(path is null ? Console.OpenStandardError() : TraceWriter.OpenFile(path), bufferSize: 1 << 16);
            _writers.Add(writer);
            return writer;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new SosiaException($"The file '{path}' of {option} cannot be created ({error.Message.TrimEnd('.')}); name another file.", FailureKind.Configuration, error);
        }
    }
}
